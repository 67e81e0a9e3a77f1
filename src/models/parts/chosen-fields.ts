/** @file Which categorical fields of items a model reads, as an option names them. */
import * as z from 'zod'
import { unknownName } from '../../errors.ts'
import type { CatalogShape } from '../contract/catalog.ts'

/** Names with commas between, or `all`. */
export const fieldNames = z
  .string()
  .default('all')
  .describe('names of the categorical fields that are read, with commas between; all reads every field')

/** The fields that an option names. @throws UserError `unknown` for one that the catalog does not have */
export function chosenFields(slug: string, option: string, { fields }: CatalogShape): readonly string[] {
  const known = Object.keys(fields)
  const chosen = option === 'all' ? known : option.split(',').filter((name) => name !== '')
  for (const name of chosen) if (!known.includes(name)) throw unknownName(`${slug}.fields`, name, known)
  return chosen
}
