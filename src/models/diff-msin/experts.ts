/** @file The experts of Diff-MSIN (eq. 3-4): what is extracted of each modality, brought to one width. */
import { linear } from '../../nn/linear.ts'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { DiffMsinConfig } from './config.ts'
import type { Extracted, Extractor } from './extractor.ts'
import { type Vectors, vectorOf } from './vectors.ts'

type Expert = (x: Tensor, noise: Noise) => Tensor

/** The experts of all modalities. */
export interface Experts {
  /** E_expert [B, d_e] of each modality, the id first. */
  vectors(extracted: Extracted, noise: Noise): Vectors
  /** What the synergy begins with (R-D4): the experts' vectors, or theirs of each weighted event, [B, L, d_e]. */
  states(extracted: Extracted, vectors: Vectors, noise: Noise): Vectors
}

/** Makes the experts; parameters `expert.MODALITY.*`, and `expert.id.event.*` where states are sequences. */
export function expertsOf(
  { widths, targetWidth }: Extractor,
  { expertSize, states }: Pick<DiffMsinConfig, 'expertSize' | 'states'>,
): Experts {
  const pictured = [...widths]
    .filter(([name]) => name !== 'id')
    .map(([name, width]): [string, Expert] => [name, mlp(`expert.${name}`, [width, expertSize, expertSize])])
  const interest = widths.get('id') as number
  // The behavior model is the expert of the id; its output is only brought to the width of the others.
  const ofId: Expert = interest === expertSize ? (x) => x : linear('expert.id', [interest, expertSize])
  const ofEvents: Expert = linear('expert.id.event', [targetWidth, expertSize])
  return {
    vectors: ({ pooled }, noise) => applied([['id', ofId], ...pictured], pooled, noise),
    states:
      states === 'sequence'
        ? (interests, _, noise) => applied([['id', ofEvents], ...pictured], interests.sequences(), noise)
        : (_, vectors) => vectors,
  }
}

const applied = (experts: readonly (readonly [string, Expert])[], vectors: Vectors, noise: Noise): Vectors =>
  new Map(experts.map(([name, expert]) => [name, expert(vectorOf(vectors, name), noise)]))
