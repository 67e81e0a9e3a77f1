/** @file The sources by name. */
import { unknownName } from '../../errors.ts'
import { amazon } from './amazon.ts'
import { csv } from './csv.ts'
import { kuairand } from './kuairand.ts'
import { kuaishou } from './kuaishou.ts'
import { mbCgcn } from './mb-cgcn.ts'
import { movielens } from './movielens.ts'
import { recTmall } from './rec-tmall.ts'
import { recbole } from './recbole.ts'
import { retailRocket } from './retail-rocket.ts'
import type { Source } from './source.ts'

/** Every source a dataset can be prepared from. */
export const sources: Readonly<Record<string, Source>> = {
  csv,
  movielens,
  kuairand,
  'rec-tmall': recTmall,
  kuaishou,
  recbole,
  amazon,
  'retail-rocket': retailRocket,
  'mb-cgcn': mbCgcn,
}

/**
 * The source of a name.
 * @throws UserError `unknown`
 */
export function sourceOf(name: string): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined
  if (!source) throw unknownName('source', name, Object.keys(sources))
  return source
}
