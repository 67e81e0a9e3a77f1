/** @file Items as pivot vectors that read tokens of their texts and pictures in turns (eq. 1-4 of MMSBR). */
import { normal, xavier, zeros } from '../../../nn/init.ts'
import { layerNorm, linear } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { type Block, multiHeadAttention } from '../../../nn/transformer-block.ts'
import { concat } from '../../../tensor/move.ts'
import { parameter, scalar, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { MmsbrConfig } from './config.ts'

/** A modality's vectors of all items, projected: [V + 1, C]. */
export interface ProjectedModality {
  readonly modality: string
  readonly table: Tensor
}

/** Pivots are long, being normalized, and a score is the product of an item with a sum of items: these begin short. */
const shortGain = 0.5

/** Vectors of all items, [V + 1, D], none negative. Pivots read the modalities in the order given. */
export function pivotItems(
  modalities: readonly ProjectedModality[],
  config: MmsbrConfig,
  itemCount: number,
): (noise: Noise) => Tensor {
  const { hiddenSize: width, layers, pivots, outerDropout, withoutPivots } = config
  const tokens = modalities.map(({ modality, table }) => modalityTokens(modality, table, config))
  const pivot_VU = withoutPivots
    ? undefined
    : parameter('pivot', [itemCount + 1, pivots * width], normal(), { rows: 'items' })
  const rounds = Array.from({ length: pivot_VU ? layers / 2 : 0 }, (_, round) =>
    modalities.map(({ modality }) => oneNormBlock(`round${round}.${modality}`, config)),
  )
  const from = pivot_VU ? pivots * width : width
  const inner = linear('item.in', [from, width], { init: xavier(from, width, shortGain) })
  const outer = linear('item.out', [width, width], { init: xavier(width, width, shortGain) })
  return (noise) => {
    const tokens_VTD = tokens.map((make) => make(noise))
    const read = pivot_VU
      ? inTurns(pivot_VU.reshape([-1, pivots, width]), tokens_VTD, rounds, noise).reshape([-1, pivots * width])
      : concat(tokens_VTD, 1).mean([1])
    const hidden = noise.dropout(inner(noise.dropout(read, outerDropout)).relu(), outerDropout)
    return noise.dropout(outer(hidden).relu(), outerDropout)
  }
}

/** (3) [V, S, D] pivots, after they read the tokens of each modality once a round. */
function inTurns(
  first_VSD: Tensor,
  tokens_VTD: readonly Tensor[],
  rounds: readonly (readonly Block[])[],
  noise: Noise,
): Tensor {
  const [, pivots] = dims(first_VSD, 3)
  const now = [...tokens_VTD]
  let pivot_VSD = first_VSD
  for (const [round, blocks] of rounds.entries()) {
    const isLast = round === rounds.length - 1
    for (const [at, block] of blocks.entries()) {
      const own = now[at] as Tensor
      const [, count] = dims(own, 3)
      const memory = concat([pivot_VSD, own], 1)
      // Nobody reads the tokens that the last round would make.
      const read = block({ query: isLast ? pivot_VSD : memory, memory, bias: scalar(0), noise })
      pivot_VSD = (isLast ? read : read.slice(1, 0, pivots)).add(pivot_VSD).mul(0.5)
      if (!isLast) now[at] = read.slice(1, pivots, pivots + count).add(own)
    }
  }
  return pivot_VSD
}

/** (2) tokens [V, T, D] of a modality; parameters `NAME.in`, `NAME.out` and their biases, a pair of maps a token. */
function modalityTokens(name: string, table: Tensor, { hiddenSize: width, tokens, dropout }: MmsbrConfig) {
  const [, from] = dims(table, 2)
  const inner = linear(`${name}.in`, [from, tokens * width])
  const weight_TDD = parameter(`${name}.out.weight`, [tokens, width, width], xavier(width, width))
  const bias_T1D = parameter(`${name}.out.bias`, [tokens, 1, width], zeros)
  return (noise: Noise): Tensor => {
    const hidden_VTD = noise.dropout(inner(table).tanh(), dropout).reshape([-1, tokens, width])
    const outer_TVD = hidden_VTD.transpose([1, 0, 2]).matmul(weight_TDD).add(bias_T1D).tanh()
    return noise.dropout(outer_TVD, dropout).transpose([1, 0, 2])
  }
}

/** A post-norm block whose two sublayers share one normalization; its attention's output has no bias. */
function oneNormBlock(name: string, { hiddenSize: width, heads, dropout }: MmsbrConfig): Block {
  const attend = multiHeadAttention(`${name}.attention`, {
    width,
    heads,
    dropout: 0,
    outputBias: false,
    init: xavier(width, width),
  })
  const inner = linear(`${name}.feedForward.inner`, [width, 4 * width], { init: normal() })
  const outer = linear(`${name}.feedForward.outer`, [4 * width, width], { init: normal() })
  const norm = layerNorm(`${name}.norm`, width)
  return (inputs) => {
    const { query, noise } = inputs
    const attended = norm(query.add(noise.dropout(attend(inputs), dropout)))
    return norm(attended.add(noise.dropout(outer(inner(attended).relu()), dropout)))
  }
}
