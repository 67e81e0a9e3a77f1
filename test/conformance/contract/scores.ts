/**
 * @file Models of a few lines, each of which scores or reads something of its own. They are no recommenders, but they
 * train, stop and serve.
 */
import { times } from '../../../src/batches/extras/moments.ts'
import { type Pairs, pairs } from '../../../src/batches/pairs.ts'
import { type Sequences, sequences } from '../../../src/batches/sequences.ts'
import { catalogInput } from '../../../src/models/contract/catalog.ts'
import { objective } from '../../../src/models/contract/model.ts'
import { itemWindows } from '../../../src/models/parts/item-windows.ts'
import { normal } from '../../../src/nn/init.ts'
import { logLoss } from '../../../src/nn/log-loss.ts'
import { add, addAll, mul } from '../../../src/tensor/elementwise.ts'
import { input, parameter, type Tensor } from '../../../src/tensor/node.ts'

import { one, small, square, table, width, windowOptions } from './small.ts'

/** The score combines two products: by what comes after the last item, and by likeness to it. */
export const combinedProducts = small('combined-products', (catalog) => {
  const windows = itemWindows(windowOptions, catalog)
  const [last, next, like] = [table('last', catalog), table('next', catalog), table('like', catalog)]
  return {
    batches: sequences(windows),
    history: windows,
    score: {
      kind: 'products',
      tables: [next, like],
      users: ({ item_BL, atLast }) => [atLast(last.rows(item_BL)), atLast(like.rows(item_BL))],
      combine: ([after, alike]) => add(after as Tensor, mul(alike as Tensor, 0.1)),
    },
  }
})

/** A network reads user and item together; its pairs have a label for each behavior. */
export const pairTower = small('pair-tower', (catalog) => {
  const behaviors = catalog.behaviors.length
  const batches = pairs(behaviors, { maxLength: 8, negatives: 2, userCount: catalog.userCount })
  const users = parameter('user', [catalog.userCount + 1, width], normal(0.3), { rows: 'users' })
  const known = table('item', catalog)
  const [hidden, out] = [square('hidden'), parameter('out', [width, behaviors], normal(0.3))]
  const logits = (user: Tensor, item: Tensor): Tensor => mul(user, item).matmul(hidden).relu().matmul(out)
  return {
    batches,
    history: { maxLength: 8, mergeBehaviors: true },
    score: {
      kind: 'pairs',
      // A user who was never trained on is the sum of what the history holds.
      user: ({ user_B, item_BL, mask_BL }: Pairs) =>
        add(users.rows(user_B), mul(known.rows(item_BL), mask_BL.unsqueeze(-1)).sum(1)),
      score: (user_BW: Tensor, item_C: Tensor) => {
        const [rows] = user_BW.shape as [number]
        const all = logits(user_BW.reshape([rows, 1, width]), known.rows(item_C))
        return all.slice(-1, behaviors - 1, behaviors).reshape([rows, -1])
      },
    },
    stages: [
      {
        name: 'train',
        epochs: 'until-best',
        objectives: [
          objective<Pairs>({
            name: 'labels',
            batches: batches,
            losses({ user_B, item_B, label_BK, weight_B }) {
              const each = logits(users.rows(user_B), known.rows(item_B))
              const share = mul(weight_B, 1 / behaviors)
                .unsqueeze(-1)
                .expand([...label_BK.shape])
              return { labels: one(logLoss(each.reshape([-1]), label_BK.reshape([-1]), share.reshape([-1]))) }
            },
          }),
        ],
      },
    ],
  }
})

/** Places are mixed by a matrix as large as a window, so every window has the full length. */
export const mixedPlaces = small('mixed-places', (catalog) => {
  const windows = { ...itemWindows(windowOptions, catalog), lengths: 'fixed' as const, onePerWindow: true }
  const [known, next] = [table('item', catalog), table('next', catalog)]
  const mix = parameter('mix', [windows.maxLength, windows.maxLength], normal(0.3))
  return {
    batches: sequences(windows),
    history: windows,
    score: {
      kind: 'dot',
      table: next,
      user({ item_BL, mask_BL, atLast, length }: Sequences) {
        if (length !== windows.maxLength) throw new Error(`a window of ${length} places`)
        const events = mul(known.rows(item_BL), mask_BL.unsqueeze(-1))
        const mixed = events.transpose([0, 2, 1]).matmul(mix).transpose([0, 2, 1])
        return atLast(add(events, mul(mixed, mask_BL.unsqueeze(-1))))
      },
    },
  }
})

/** Reads times, numbers of items and fields of users beside the items. */
export const allInputs = small('all-inputs', (catalog) => {
  const windows = itemWindows(windowOptions, catalog)
  const [known, next] = [table('item', catalog), table('next', catalog)]
  const numbers = input(catalogInput.numbers('item'), [catalog.itemCount + 1, catalog.itemNumbers])
  const userFields = Object.entries(catalog.userFields)
  const fields = input(catalogInput.fields('user'), [catalog.userCount + 1, 1 + userFields.length], 'int64')
  const ages = parameter('age', [userFields[0]?.[1] ?? 1, width], normal(0.3))
  const [toNumber, toTime] = [
    parameter('number', [catalog.itemNumbers, width], normal(0.3)),
    parameter('time', [1, width], normal(0.3)),
  ]
  const batches = sequences(windows).with(times())
  return {
    batches,
    history: windows,
    score: {
      kind: 'dot',
      table: next,
      user({ item_BL, gap_BL, user_B, atLast }: Sequences & { readonly gap_BL: Tensor }) {
        const gap = gap_BL.unsqueeze(-1).matmul(toTime)
        const events = addAll([known.rows(item_BL), numbers.rows(item_BL).matmul(toNumber), mul(gap, 1000)])
        const age = ages.rows(fields.rows(user_B).slice(1, 1, 2).reshape([-1])).unsqueeze(1)
        return atLast(add(events, age))
      },
    },
  }
})
