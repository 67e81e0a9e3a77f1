/** @file Which clean pairs SGDL learns its weights from: a small network draws them, with repetition. */

import { uniform } from '../../../nn/init.ts'
import { type Layer, linear, uniformLinear } from '../../../nn/linear.ts'
import { sigmoid, tanh } from '../../../tensor/elementwise.ts'
import { concat, split, unsqueeze } from '../../../tensor/move.ts'
import { scalar, type Tensor } from '../../../tensor/node.ts'
import { maskBias } from '../../parts/attention-bias.ts'
import { hardChoice } from '../../parts/hard-choice.ts'
import type { Vectors } from './backbone.ts'

/** Parameters of the scheduler begin so. */
export const schedulerPrefix = 'scheduler.'
/** Units of each LSTM, and of the layer after them. */
const [units, hidden] = [10, 20]

/** What the scheduler reads of clean pairs. */
export interface Features {
  /** The cosine of each pair's gradients now and after a step, of each table: [Bc, 2]. */
  readonly cosine_B2: Tensor
  readonly loss_B: Tensor
  /** Weights of the pairs, 0 for rows that only fill up: [Bc]. */
  readonly weight_B: Tensor
}

/** (8) log pi [Bc]; parameters `scheduler.*`. */
export function scheduler(): (features: Features) => Tensor {
  const name = (part: string): string => `${schedulerPrefix}${part}`
  const ofCosines = bothWays(name('cosines'), 2)
  const ofLosses = bothWays(name('losses'), 1)
  const [first, second] = [
    uniformLinear(name('hidden'), [4 * units, hidden]),
    uniformLinear(name('output'), [hidden, 1]),
  ]
  return ({ cosine_B2, loss_B, weight_B }) => {
    const read_BH = concat([ofCosines(cosine_B2), ofLosses(unsqueeze(loss_B, 1))], 1)
    const z_B = second(tanh(first(read_BH))).reshape([-1])
    const masked_B = z_B.add(maskBias(weight_B.greater(0).cast('float32')))
    return masked_B.sub(masked_B.logSumExp([0], { keep: true }))
  }
}

/**
 * A bidirectional LSTM of sequences of one step: of states of zeros, c = sigmoid(i) tanh(g), h = sigmoid(o) tanh(c), so
 * that it has no recurrent weights: x [B, in] -> [B, 2 units].
 */
function bothWays(name: string, from: number): Layer {
  const init = uniform(1 / Math.sqrt(units))
  const sides = ['forward', 'backward'].map((side) =>
    linear(`${name}.${side}`, [from, 3 * units], { init, biasInit: init }),
  )
  return (x) => {
    const states = sides.map((side) => {
      const [i, g, o] = split(side(x), 1, [units, units, units]) as [Tensor, Tensor, Tensor]
      return sigmoid(o).mul(tanh(sigmoid(i).mul(tanh(g))))
    })
    return concat(states, 1)
  }
}

/** Clean pairs as they were drawn. */
export interface DrawnPairs {
  readonly vectors: Vectors
  /** Which row each is, int64 [Bc]. */
  readonly place_B: Tensor
}

/**
 * (9) As many draws by pi as there are rows, with the gradient of the softmax they were drawn from.
 * @param gumbel_BB standard Gumbel values [Bc, Bc]; without them each draw is the likeliest pair
 */
export function drawnBy(
  logPi_B: Tensor,
  { user_BD, item_BD, other_BD }: Vectors,
  { gumbel_BB, temperature }: { readonly gumbel_BB: Tensor | undefined; readonly temperature: number },
): DrawnPairs {
  const rows = logPi_B.shape[0] as number
  const { chosen, place } = hardChoice(logPi_B.reshape([1, rows]).expand([rows, rows]), {
    gumbel: gumbel_BB,
    temperature: scalar(temperature),
  })
  return {
    vectors: {
      user_BD: chosen.matmul(user_BD),
      item_BD: chosen.matmul(item_BD),
      other_BD: chosen.matmul(other_BD),
    },
    place_B: place,
  }
}
