/**
 * @file Prices as Gaussians: those of a session attend to each other by their Wasserstein distance, and candidates are
 * as far from the session as their Gaussian is from its (eq. 6 and 7 of MMSBR).
 */
import { normal } from '../../../nn/init.ts'
import { type Layer, layerNorm, linear } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { concat } from '../../../tensor/move.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import { type Gaussian, nearness, pointOf, rankedPoint } from '../../parts/gaussians.ts'
import { onesBeside } from '../../parts/ones-beside.ts'
import type { MmsbrConfig } from './config.ts'

/** What is known of the prices of all items. */
export interface PriceInputs {
  /** [V + 1] int64 */
  readonly level_V: Tensor
  /** [V + 1] int64 and how many there are; absent where items have no categories. */
  readonly category?: { readonly of_V: Tensor; readonly count: number } | undefined
}

/** Minus the squared 2-Wasserstein distance of a session's price and an item's is the product of two vectors. */
export interface Prices {
  /** [V + 1, 2 D + 2] */
  readonly table: Tensor
  /** [B, L] int64 -> [B, L, 2 D + 2]; padding is hidden by `bias` [B, 1, 1, L]. */
  sessions(item_BL: Tensor, bias: Tensor, noise: Noise): Tensor
}

/** (y; -|y|^2; 1) of candidates, y the point of a Gaussian. */
function itemSide(gaussian: Gaussian): Tensor {
  const ranked = rankedPoint(pointOf(gaussian))
  return concat([ranked, onesBeside(ranked)], -1)
}
/** (2 x; 1; -|x|^2) of those who ask. */
function askingSide(gaussian: Gaussian): Tensor {
  const point = pointOf(gaussian)
  return concat([point.mul(2), onesBeside(point), point.sumSquares().neg().unsqueeze(-1)], -1)
}

/** Parameters `price.{mean,covariance}`, `category`, `price.norm.*`, and the maps of the attention. */
export function gaussianPrices({ level_V, category }: PriceInputs, config: MmsbrConfig): Prices {
  const { hiddenSize: width, heads, priceLevels, outerDropout: dropout } = config
  const levels = (part: string): Tensor => parameter(`price.${part}`, [priceLevels + 1, width], normal())
  const [mean_PD, spread_PD] = [levels('mean'), levels('covariance')]
  const category_VD = category && parameter('category', [category.count, width], normal()).rows(category.of_V)
  const norm = layerNorm('price.norm', width)
  const [ofMeans, ofCovariances] = [attentionMaps('price.mean', width), attentionMaps('price.covariance', width)]
  const split = (x: Tensor): Tensor => {
    const [rows, length] = dims(x, 3)
    return x.reshape([rows, length, heads, width / heads]).transpose([0, 2, 1, 3])
  }
  const withCategory = (x: Tensor, of: Tensor | undefined): Tensor => (of ? x.add(of) : x)

  return {
    table: itemSide({
      mean: withCategory(mean_PD.rows(level_V), category_VD),
      covariance: withCategory(spread_PD.rows(level_V), category_VD).elu1(),
    }),
    sessions(item_BL, bias, noise) {
      const level_BL = level_V.rows(item_BL)
      const [mean_BLD, spread_BLD] = [mean_PD.rows(level_BL), spread_PD.rows(level_BL)]
      const category_BLD = category_VD && norm(category_VD.rows(item_BL))
      const entered = (x: Tensor): Tensor => noise.dropout(withCategory(norm(x), category_BLD), dropout)
      const read = { mean: entered(mean_BLD), covariance: entered(spread_BLD).elu1() }
      const side = (part: keyof AttentionMaps): Gaussian & { readonly covariance: Tensor } => ({
        mean: split(ofMeans[part](read.mean)),
        covariance: split(ofCovariances[part](read.covariance)).elu1(),
      })
      const [query, key, value] = [side('query'), side('key'), side('value')]
      const near = nearness(pointOf(query), pointOf(key), 1 / Math.sqrt(width / heads))
      const weights = noise.dropout(near.add(bias).softmax(), dropout)
      const left = (toOutput: Layer, z: Tensor, before: Tensor): Tensor =>
        norm(noise.dropout(toOutput(z.transpose([0, 2, 1, 3]).reshape(before.shape)), dropout).add(before))
      return askingSide({
        mean: left(ofMeans.output, weights.matmul(value.mean), mean_BLD),
        // Variances of a weighted sum have squared weights.
        covariance: left(ofCovariances.output, weights.square().matmul(value.covariance), spread_BLD).elu1(),
      })
    },
  }
}

type AttentionMaps = Readonly<Record<'query' | 'key' | 'value' | 'output', Layer>>

/** Parameters `NAME.{query,key,value,output}.*`. */
function attentionMaps(name: string, width: number): AttentionMaps {
  const map = (part: string): Layer => linear(`${name}.${part}`, [width, width], { init: normal() })
  return { query: map('query'), key: map('key'), value: map('value'), output: map('output') }
}
