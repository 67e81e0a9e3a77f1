/** @file The losses of SGDL: of pairs, weighed or not, and of what weighs them. */

import type { Pairs } from '../../../batches/pairs.ts'
import { uniformLinear } from '../../../nn/linear.ts'
import { sigmoid, softplus } from '../../../tensor/elementwise.ts'
import { concat, unsqueeze } from '../../../tensor/move.ts'
import type { Tensor } from '../../../tensor/node.ts'
import type { Losses, Pass } from '../../contract/model.ts'
import type { Backbone, Triples, Vectors } from './backbone.ts'
import type { Config } from './config.ts'
import { drawnBy, scheduler } from './scheduler.ts'

/** Hidden units of the network that weighs pairs. */
const units = 100

/** (4) Losses [N] -> weights [N] between 0 and 1; parameters `weight.*`. */
export type Weighing = (loss_N: Tensor) => Tensor
export function weighing(): Weighing {
  const [hidden, output] = [uniformLinear('weight.hidden', [1, units]), uniformLinear('weight.output', [units, 1])]
  return (loss_N) => sigmoid(output(hidden(unsqueeze(loss_N, 1)).relu())).reshape([-1])
}

/** The triples of a batch of pairs with one item beside each. */
const triplesOf = ({ user_B, item_B, negative_BN }: Pairs): Triples => ({
  user_B,
  item_B,
  other_B: negative_BN.reshape([-1]),
})

/** d = X_u . X_i - X_u . X_j, [B] */
const gapOf = ({ user_BD, item_BD, other_BD }: Vectors): Tensor => user_BD.mul(item_BD.sub(other_BD)).sum([1])
/** (2) [B] */
const lossOf = (vectors: Vectors): Tensor => softplus(gapOf(vectors).neg())

/** The mean loss of a batch, each pair by its weight v where there are any: these move by steps of their own. */
export function pairLosses(batch: Pairs, backbone: Backbone, weigh?: Weighing): Losses {
  const loss_B = lossOf(backbone.read(triplesOf(batch)))
  const counted_B = weigh ? loss_B.mul(weigh(loss_B).stopGradient()) : loss_B
  return { main: { weight: 1, value: counted_B.mul(batch.weight_B).sum() } }
}

/** A noisy batch and a clean one. */
export interface BothPairs {
  readonly noisy: Pairs
  readonly clean: Pairs
}

/** (4-10) How well clean pairs do after a step on weighed noisy ones; trains what weighs and what chooses. */
export function guideLosses(
  config: Config,
  backbone: Backbone,
  weigh: Weighing,
): (batch: BothPairs, pass: Pass) => Losses {
  const logPiOf = config.scheduler === 'uniform' ? undefined : scheduler()
  /** (5) */
  const after = (of: Pairs, by: Pairs): Vectors => {
    const read = backbone.read(triplesOf(by))
    const push_B = weigh(lossOf(read))
      .mul(by.weight_B)
      .mul(sigmoid(gapOf(read).neg()))
    return backbone.descended(triplesOf(of), triplesOf(by), push_B.mul(config.virtualRate))
  }
  const mean = (loss_B: Tensor, { weight_B }: Pairs): Tensor => loss_B.mul(weight_B).sum()
  return ({ noisy, clean }, { noise }) => {
    const tried = after(clean, noisy)
    if (!logPiOf) return { guide: { weight: 1, value: mean(lossOf(tried), clean) } }
    const now = backbone.read(triplesOf(clean))
    const cosine_B2 = cosines(now, after(clean, clean)).stopGradient()
    const logPi_B = logPiOf({ cosine_B2, loss_B: lossOf(now), weight_B: clean.weight_B })
    const gumbel_BB = noise.gumbel([clean.rows, clean.rows])
    const { vectors, place_B } = drawnBy(logPi_B, tried, { gumbel_BB, temperature: config.temperature })
    if (config.scheduler === 'gumbel') return { guide: { weight: 1, value: mean(lossOf(vectors), clean) } }
    const reward = mean(lossOf(rowsOf(tried, place_B)), clean)
    const isDrawn_B = clean.weight_B.greater(0).cast('float32')
    const likelihood = logPi_B.rows(place_B).mul(isDrawn_B).sum()
    return {
      guide: { weight: 1, value: reward },
      reinforce: { weight: 1, value: likelihood.mul(reward.stopGradient()) },
    }
  }
}

const rowsOf = ({ user_BD, item_BD, other_BD }: Vectors, place_B: Tensor): Vectors => ({
  user_BD: user_BD.rows(place_B),
  item_BD: item_BD.rows(place_B),
  other_BD: other_BD.rows(place_B),
})

/** (7) How alike the gradients of each triple's loss are at two places: of the users' table, and of the items'. */
function cosines(a: Vectors, b: Vectors): Tensor {
  const cosine = (x_BD: Tensor, y_BD: Tensor): Tensor =>
    x_BD.l2Normalize().mul(y_BD.l2Normalize()).sum([1], { keep: true })
  return concat([cosine(a.item_BD.sub(a.other_BD), b.item_BD.sub(b.other_BD)), cosine(a.user_BD, b.user_BD)], 1)
}
