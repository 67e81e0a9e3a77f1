/**
 * @file Histories as sets of interests: clusters of items' projected vectors, made anew before every epoch and constant
 * within it (MISSRec).
 */
import { normal } from '../../nn/init.ts'
import { layerNorm } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { transformerBlock } from '../../nn/transformer-block.ts'
import { concat } from '../../tensor/move.ts'
import { constant, input, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { Memory, StageContext } from '../contract/model.ts'
import { maskBias } from './attention-bias.ts'
import { clusterRows } from './cluster-rows.ts'

/** What a decoder reads of a history's interests. */
interface InterestsRead {
  /** [B, N, D] */
  readonly memory_BND: Tensor
  /** [B, 1, 1, N]: hides what is no interest of the history, or one that came before. */
  readonly bias: Tensor
  /** A scalar: the mean over histories of the squared length of their mean interest, by the width. */
  readonly closeness: Tensor
}
/** The interests of histories. */
export interface Interests {
  read(item_BL: Tensor, mask_BL: Tensor, noise: Noise): InterestsRead
  readonly memory?: Memory
  readonly beforeEpoch?: (context: StageContext) => Promise<void>
}

/** Sizes of the encoder of interests, and how they are clustered. */
export interface InterestConfig {
  readonly hiddenSize: number
  readonly heads: number
  readonly dropout: number
  /** Clusters as a share of all vectors. */
  readonly interestRatio: number
  readonly clusterPasses: number
}

/** The vectors of a modality, projected: [V + 1, D]. */
interface Projected {
  readonly modality: string
  readonly table: Tensor
}

/**
 * Interests of pictures and texts in one set of clusters. The memory has for each item the center of its vector's
 * cluster, `interest.MODALITY` [V + 1, D], and the cluster's number from 1 on, `cluster.MODALITY` [V + 1]: numbers are
 * floats so that a later dataset can lay them anew.
 */
export function interestSets(
  contents: readonly Projected[],
  config: InterestConfig,
  { itemCount }: { readonly itemCount: number },
): Interests {
  const { hiddenSize: width, interestRatio, clusterPasses } = config
  const rows = itemCount + 1
  const named = contents.map(({ modality }) => ({ center: `interest.${modality}`, cluster: `cluster.${modality}` }))
  const declared = named.map(({ center, cluster }) => ({
    center_VD: input(center, [rows, width]),
    cluster_V: input(cluster, [rows]),
  }))
  const encode = encoder(config)
  /** Before the first epoch each vector is a cluster of its own. */
  const memory: Memory = Object.fromEntries(
    named.flatMap(({ center, cluster }, at) => [
      [center, { shape: [rows, width], rows: 'items', data: new Float32Array(rows * width) }] as const,
      [
        cluster,
        { shape: [rows], rows: 'items', data: Float32Array.from({ length: rows }, (_, v) => v && at * itemCount + v) },
      ] as const,
    ]),
  )
  return {
    memory,
    read(item_BL, mask_BL, noise) {
      const cluster_BN = concat(
        declared.map(({ cluster_V }) => cluster_V.rows(item_BL)),
        1,
      )
      const center_BND = concat(
        declared.map(({ center_VD }) => center_VD.rows(item_BL)),
        1,
      )
      const real_BN = concat(
        declared.map(() => mask_BL),
        1,
      )
      return encode(center_BND, firstOf(cluster_BN, real_BN), noise)
    },
    async beforeEpoch(context) {
      const vectors = concat(
        contents.map(({ table }) => table.slice(0, 1, rows)),
        0,
      )
      const [count] = dims(vectors, 2)
      const settings = { count: Math.ceil(interestRatio * count), passes: clusterPasses }
      const { members, centers } = await clusterRows(vectors, settings, context)
      for (const [at, { center, cluster }] of named.entries()) {
        const [ofItems, numbers] = [context.memory[center], context.memory[cluster]]
        for (let item = 1; item < rows; item++) {
          const found = Number(members[at * itemCount + item - 1])
          ofItems?.data.set(centers.subarray(found * width, (found + 1) * width) as never, item * width)
          if (numbers) numbers.data[item] = found + 1
        }
      }
    },
  }
}

/** One learned vector in place of interests, `interest` [1, D]. */
export function oneInterest(config: InterestConfig): Interests {
  const only = parameter('interest', [1, config.hiddenSize], normal())
  const encode = encoder(config)
  return {
    read(item_BL, _, noise) {
      const [rows] = dims(item_BL, 2)
      const one_B1 = constant(new Float32Array(rows).fill(1), [rows, 1])
      return encode(only.expand([rows, 1, config.hiddenSize]), one_B1, noise)
    },
  }
}

/** 1 where a cluster comes first in its row, 0 where it came before or where there is padding: [B, N]. */
function firstOf(cluster_BN: Tensor, real_BN: Tensor): Tensor {
  const [, size] = dims(cluster_BN, 2)
  const before = constant(
    Float32Array.from({ length: size * size }, (_, at) => (at % size < Math.floor(at / size) ? 1 : 0)),
    [size, size],
  )
  const same_BNN = cluster_BN.unsqueeze(2).equal(cluster_BN.unsqueeze(1)).cast('float32')
  const times_BN = same_BNN.mul(before).sum([2])
  return real_BN.mul(times_BN.greater(0).not().cast('float32'))
}

/** One post-norm layer without positions, and a normalization; parameters `encoder.*`, `encoder.norm.*`. */
function encoder({ hiddenSize: width, heads, dropout }: InterestConfig) {
  const layer = transformerBlock('encoder', { width, heads, dropout })
  const norm = layerNorm('encoder.norm', width)
  return (center_BND: Tensor, first_BN: Tensor, noise: Noise): InterestsRead => {
    const [rows, size] = dims(first_BN, 2)
    const bias = maskBias(first_BN).reshape([rows, 1, 1, size])
    const memory_BND = norm(layer({ query: center_BND, bias, noise }))
    const atLeastOne = (count: Tensor): Tensor => count.sub(1).relu().add(1)
    const count_B1 = first_BN.sum([1], { keep: true })
    const mean_BD = memory_BND.mul(first_BN.unsqueeze(-1)).sum([1]).div(atLeastOne(count_B1))
    const used = atLeastOne(count_B1.greater(0).cast('float32').sum())
    return { memory_BND, bias, closeness: mean_BD.square().sum().div(width).div(used) }
  }
}
