/** @file The side of KMCLR that reads behaviors: users and items along a graph for each (eq. 1-3), and its losses. */
import type { BehaviorItems } from '../../../batches/extras/behavior-items.ts'
import type { Pairs } from '../../../batches/pairs.ts'
import { xavier } from '../../../nn/init.ts'
import { addAll } from '../../../tensor/elementwise.ts'
import { concat } from '../../../tensor/move.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Losses } from '../../contract/model.ts'
import type { UserItemVectors } from '../../parts/light-gcn.ts'
import type { KmclrConfig } from './config.ts'
import { type BehaviorGraph, readersOf } from './graphs.ts'

/** Users and items as behaviors tell them. */
export interface BehaviorSide extends UserItemVectors {
  /** u^k of some users [S], for each behavior: [S, D]. */
  byBehavior(user_S: Tensor): readonly Tensor[]
}

/** (1-3) Parameters `user`, `item`, `layerN.{user,item}` and `output.{user,item}`. */
export function behaviorSide(
  { hiddenSize: width, layers }: Pick<KmclrConfig, 'hiddenSize' | 'layers'>,
  { userCount, itemCount }: CatalogShape,
  graphs: readonly BehaviorGraph[],
): BehaviorSide {
  const table = (rows: 'users' | 'items', count: number): Tensor =>
    parameter(rows.slice(0, -1), [count + 1, width], xavier(count + 1, width), { rows })
  const matrix = (name: string, from: number): Tensor => parameter(name, [from, width], xavier(from, width))
  const reads = graphs.map(readersOf)
  let [users_UD, items_VD] = [table('users', userCount), table('items', itemCount)]
  const read: { users: Tensor; items: Tensor; messages: readonly Tensor[]; weight: Tensor }[] = []
  for (let layer = 0; layer < layers; layer++) {
    const weight = matrix(`layer${layer}.user`, width)
    const messages = reads.map(({ ofItems }) => ofItems(items_VD))
    const users = mean(messages).matmul(weight).sigmoid()
    const items = mean(reads.map(({ ofUsers }) => ofUsers(users_UD)))
      .matmul(matrix(`layer${layer}.item`, width))
      .sigmoid()
    read.push({ users, items, messages, weight })
    ;[users_UD, items_VD] = [users, items]
  }
  const [toUser, toItem] = [matrix('output.user', layers * width), matrix('output.item', layers * width)]
  const joined = (parts: readonly Tensor[], output: Tensor): Tensor => concat(parts, 1).matmul(output)
  return {
    users_UD: joined(
      read.map(({ users }) => users),
      toUser,
    ),
    items_VD: joined(
      read.map(({ items }) => items),
      toItem,
    ),
    byBehavior: (user_S) =>
      graphs.map((_, behavior) =>
        joined(
          read.map(({ messages, weight }) => (messages[behavior] as Tensor).rows(user_S).matmul(weight).sigmoid()),
          toUser,
        ),
      ),
  }
}

const mean = (parts: readonly Tensor[]): Tensor => addAll(parts).mul(1 / parts.length)

/** Weight of the squared lengths of a step's vectors. */
const regularization = 1e-3
/** Rows of a batch for each one whose user is contrasted. */
const rowsForOne = 10
/** Keeps logarithms and quotients finite. */
const tiny = 1e-8

/** (4-6) of a batch of target pairs. @param ranking the vectors that rank, both sides mixed */
export function behaviorLosses(
  { lambdaBehaviors }: Pick<KmclrConfig, 'lambdaBehaviors'>,
  { byBehavior }: Pick<BehaviorSide, 'byBehavior'>,
  ranking: UserItemVectors,
  { user_B, positive_BK, negative_BK, weight_B }: Pairs & BehaviorItems,
): Losses {
  const [rows, behaviors] = dims(positive_BK, 2)
  const user_BD = ranking.users_UD.rows(user_B)
  const [positive_BKD, negative_BKD] = [positive_BK, negative_BK].map((ids) => ranking.items_VD.rows(ids)) as [
    Tensor,
    Tensor,
  ]
  const scores = (items_BKD: Tensor): Tensor => user_BD.unsqueeze(1).mul(items_BKD).sum([2])
  const has_BK = positive_BK.greater(0).cast('float32')
  const lost_BK = scores(negative_BKD).sub(scores(positive_BKD)).softplus().mul(has_BK)
  // Of the last behavior, the target.
  const last = (items_BKD: Tensor): Tensor => items_BKD.slice(1, behaviors - 1, behaviors).reshape([rows, -1])
  const squares_B = addAll([user_BD, last(positive_BKD), last(negative_BKD)].map((one) => one.sumSquares()))
  const contrasted = Math.min(rows, Math.max(2, Math.floor(rows / rowsForOne)))
  return {
    ranking: { weight: 1 / behaviors, value: lost_BK.mul(weight_B.unsqueeze(1)).sum() },
    size: { weight: regularization, value: squares_B.mul(weight_B).sum() },
    ...(lambdaBehaviors > 0 && {
      behaviors: {
        weight: lambdaBehaviors,
        value: behaviorContrast(byBehavior, user_B.slice(0, 0, contrasted), weight_B.slice(0, 0, contrasted)),
      },
    }),
  }
}

/** (4) The mean over behaviors; batches are in an order drawn anew, so that their first rows are a drawn tenth. */
function behaviorContrast(byBehavior: BehaviorSide['byBehavior'], user_S: Tensor, weight_S: Tensor): Tensor {
  const ofBehaviors = byBehavior(user_S)
  const target_SD = ofBehaviors.at(-1) as Tensor
  const [, width] = dims(target_SD, 2)
  const counts_S = weight_S.greater(0).cast('float32')
  const same_SS = user_S.unsqueeze(1).equal(user_S.unsqueeze(0)).cast('float32').mul(counts_S.unsqueeze(0))
  // A user who is drawn twice is one negative.
  const share_S = counts_S.div(same_SS.sum([1]).add(counts_S.mul(-1).add(1)))
  const others_SS = same_SS.mul(-1).add(1).mul(share_S.unsqueeze(0))
  const counted_SS = others_SS.greater(0).cast('float32')
  const losses = ofBehaviors.map((other_SD) => {
    const near_SS = target_SD.matmul(other_SD, { transposeB: true, scale: 1 / width })
    // Vectors may be long: nothing is raised above 1 but what is largest anyway.
    const most_S1 = near_SS.mul(counted_SS).max([1], { keep: true }).stopGradient()
    const against_S1 = near_SS
      .mul(counted_SS)
      .sub(most_S1)
      .exp()
      .mul(others_SS)
      .sum([1], { keep: true })
      .add(most_S1.neg().exp().mul(tiny))
      .log()
      .add(most_S1)
    const nearer_S1 = target_SD
      .mul(other_SD)
      .sum([1], { keep: true })
      .mul(1 / width)
      .sub(against_S1)
    // The logarithm of tiny + e^nearer.
    return nearer_S1.neg().add(Math.log(tiny)).softplus().add(nearer_S1).mul(weight_S.unsqueeze(1)).sum().neg()
  })
  return mean(losses)
}
