/**
 * @file Options of a training beside the flags: a YAML file of them, and three sizes of a model. A flag wins over the
 * file, the file over the size.
 */
import type * as z from 'zod'
import { UserError, unknownName } from '../errors.ts'
import { optionsOf } from '../models/contract/options.ts'
import { readYaml } from '../storage/yaml-file.ts'

/** How much wider than its default a model is, by the size's name. */
export const sizes = { small: 0.5, medium: 1, large: 2 } as const
/** A name of {@link sizes}. */
export type Size = keyof typeof sizes

/** The options that say how wide a model is: they alone follow the size. */
const widths = new Set(['embeddingSize', 'hiddenSize', 'expertSize', 'modalitySize', 'attentionSize'])

/**
 * The options in a YAML file: names as in docs/models.md, each with its value.
 * @param schemas those whose options may be there
 * @throws UserError `unknown` for a name that none of them has, and as `readYaml`
 */
export function optionsInFile(path: string, schemas: readonly z.ZodType[]): Record<string, unknown> {
  const written = readYaml(path)
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    const expected = 'options, one a line, such as `batchSize: 64`'
    throw new UserError({ where: path, problem: 'invalid', value: 'no options', expected })
  }
  const known = schemas.flatMap((schema) => optionsOf(schema).map(({ name }) => name))
  const unknown = Object.keys(written).find((name) => !known.includes(name))
  if (unknown !== undefined) throw unknownName(path, unknown, known)
  return written as Record<string, unknown>
}

/** The widths of a model of a size. */
export function widthsOf(size: Size, schema: z.ZodType): Record<string, number> {
  if (sizes[size] === 1) return {}
  return Object.fromEntries(
    optionsOf(schema).flatMap(({ name, default: usual }) =>
      widths.has(name) && typeof usual === 'number' ? [[name, Math.round(usual * sizes[size])]] : [],
    ),
  )
}
