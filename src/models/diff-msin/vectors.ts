/** @file What Diff-MSIN's modules hand on: vectors of a batch by name, and losses. */
import type { Impressions } from '../../batches/impressions.ts'
import { Bug } from '../../errors.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Losses } from '../contract/model.ts'

/** Vectors by what they tell of: `id`, `image` and `text`, later `common` and `synergy`. */
export type Vectors = ReadonlyMap<string, Tensor>

/** The vector of a name. @throws Bug where there is none */
export function vectorOf(vectors: Vectors, name: string): Tensor {
  const vector = vectors.get(name)
  if (!vector) throw new Bug(`no vector "${name}" among ${[...vectors.keys()].join(', ')}`)
  return vector
}

/** What a module hands on. */
export interface Contribution {
  /** [B, d_e] each. */
  readonly vectors: Vectors
  /** The module's own losses. Only asked for in training. */
  losses(batch: Impressions): Losses
}

/** No loss, of a module that is left out. */
export const noLosses = (): Losses => ({})
