/** @file A model of a few lines that learns how much its pairs count. */
import { joined } from '../../../src/batches/joined.ts'
import { type Pairs, pairs } from '../../../src/batches/pairs.ts'
import { objective } from '../../../src/models/contract/model.ts'
import { normal } from '../../../src/nn/init.ts'
import { adam } from '../../../src/optim/adam.ts'
import { add, addAll, mul, sub } from '../../../src/tensor/elementwise.ts'
import { parameter, stopGradient, type Tensor } from '../../../src/tensor/node.ts'

import { one, small, table, width } from './small.ts'

/**
 * A bi-level step in closed form: pairs are weighed by a network of their losses, and the network is trained so that a
 * plain step of the weighed batch lowers the loss of a clean batch. Rows of users and items are parameters whose
 * gradients are known by hand.
 */
export const bilevelWeights = small('bilevel-weights', (catalog) => {
  const settings = { maxLength: 8, beside: 1, userCount: catalog.userCount }
  const noisy = pairs(catalog.behaviors.length, settings)
  const clean = pairs(catalog.behaviors.length, { ...settings, behaviors: 'target' })
  const both = joined({ noisy, clean })
  const users = parameter('user', [catalog.userCount + 1, width], normal(0.3), { rows: 'users' })
  const known = table('item', catalog)
  const [slope, bias] = [parameter('weigh.slope', [1], normal(0.3)), parameter('weigh.bias', [1], normal(0.3))]
  const rate = 0.5
  const rowsOf = ({ user_B, item_B, negative_BN }: Pairs) =>
    [users.rows(user_B), known.rows(item_B), known.rows(negative_BN.reshape([-1]))] as const
  const lossOf = ([user, item, other]: readonly Tensor[]): Tensor =>
    mul(user as Tensor, sub(other as Tensor, item as Tensor))
      .sum(1)
      .softplus()
  const weigh = (loss_B: Tensor): Tensor => add(mul(stopGradient(loss_B), slope), bias).sigmoid()
  const same = (a: Tensor, b: Tensor): Tensor =>
    a
      .reshape([-1, 1])
      .equal(b.reshape([1, -1]))
      .cast('float32')
  return {
    batches: noisy,
    history: { maxLength: 8, mergeBehaviors: true },
    score: {
      kind: 'dot',
      table: known,
      user: ({ user_B, item_BL, mask_BL }: Pairs) =>
        add(users.rows(user_B), mul(known.rows(item_BL), mask_BL.unsqueeze(-1)).sum(1)),
    },
    stages: [
      {
        name: 'train',
        epochs: 'until-best',
        objectives: [
          objective<{ readonly noisy: Pairs; readonly clean: Pairs }>({
            name: 'weights',
            batches: both,
            losses({ noisy: n, clean: c }) {
              const [user, item, other] = rowsOf(n).map(stopGradient) as [Tensor, Tensor, Tensor]
              const loss_B = lossOf([user, item, other])
              const pull = mul(mul(weigh(loss_B), sub(1, loss_B.neg().exp())), n.weight_B).unsqueeze(-1)
              // The gradient of -log sigmoid(u (i - j)) by u is s (j - i), by i is -s u; of j it is s u.
              const change = { user: mul(pull, sub(other, item)), item: mul(pull, user).neg(), other: mul(pull, user) }
              const moved = (rows: Tensor, ids: Tensor, parts: readonly (readonly [Tensor, Tensor])[]): Tensor =>
                addAll([stopGradient(rows), ...parts.map(([from, by]) => mul(same(ids, from).matmul(by), -rate))])
              const others = c.negative_BN.reshape([-1])
              const parts = [
                [n.item_B, change.item],
                [n.negative_BN.reshape([-1]), change.other],
              ] as const
              const [cu, ci, co] = rowsOf(c)
              const after = lossOf([
                moved(cu, c.user_B, [[n.user_B, change.user]]),
                moved(ci, c.item_B, parts),
                moved(co, others, parts),
              ])
              return { clean: one(mul(after, c.weight_B).sum()) }
            },
            trains: (name) => name.startsWith('weigh.'),
            optimizer: adam({ name: 'weights' }),
          }),
          objective<Pairs>({
            name: 'pairs',
            batches: noisy,
            losses(batch) {
              const loss_B = lossOf(rowsOf(batch))
              return { pairwise: one(mul(mul(loss_B, stopGradient(weigh(loss_B))), batch.weight_B).sum()) }
            },
            trains: (name) => !name.startsWith('weigh.'),
          }),
        ],
      },
    ],
  }
})
