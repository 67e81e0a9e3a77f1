/** @file Models of a few lines that train in stages or turns, or keep something between their steps. */
import { augmented } from '../../../src/batches/extras/augmented.ts'
import { duplicates } from '../../../src/batches/extras/duplicates.ts'
import { negatives } from '../../../src/batches/extras/negatives.ts'
import { items } from '../../../src/batches/items.ts'
import { type Pairs, pairs } from '../../../src/batches/pairs.ts'
import { type SequenceKind, type Sequences, sequences } from '../../../src/batches/sequences.ts'
import { rankingLosses } from '../../../src/learn/objectives.ts'
import {
  type DotScore,
  type Losses,
  type MemoryArray,
  type Objective,
  objective,
  type Pass,
} from '../../../src/models/contract/model.ts'
import { itemWindows } from '../../../src/models/parts/item-windows.ts'
import { normal } from '../../../src/nn/init.ts'
import { adagrad } from '../../../src/optim/adagrad.ts'
import { adam } from '../../../src/optim/adam.ts'
import { crossEntropy } from '../../../src/tensor/cross-entropy.ts'
import { add, mul, sub } from '../../../src/tensor/elementwise.ts'
import { input, parameter, type Tensor } from '../../../src/tensor/node.ts'

import { one, small, square, table, width, windowOptions } from './small.ts'

/** Pre-trained on the items of windows alone, then fine-tuned with a frozen table. */
export const stagedModel = small('staged', (catalog) => {
  const windows = itemWindows(windowOptions, catalog)
  const batches = sequences(windows)
    .with(augmented('view', { how: ['crop', 'reorder'] }))
    .with(duplicates())
  const known = table('encoder', catalog)
  const [toNext, next] = [square('next.weight'), table('next.item', catalog)]
  type Batch = ReturnType<typeof batches.declare>['batch']
  const user = ({ item_BL, atLast }: Batch): Tensor => atLast(known.rows(item_BL)).matmul(toNext)
  const softmax = (batch: Batch): Tensor =>
    crossEntropy({ hidden: user(batch), table: next, targets: batch.target_P, weights: batch.weight_P })
  const score: DotScore<Batch> = { kind: 'dot', table: next, user }
  return {
    batches,
    history: windows,
    score,
    stages: [
      {
        name: 'pretrain',
        epochs: 2,
        objectives: [
          objective<Batch>({
            name: 'alike',
            batches: batches,
            // A target's own vector is near the mean of the view; other targets of the same item count nothing.
            losses({ view, target_P, weight_P, same_PP }) {
              const seen = view
                .atLast(known.rows(view.item_BL))
                .mean(0)
                .expand([target_P.shape[0] as number, width])
              const [anchor, positive] = [known.rows(target_P), add(known.rows(target_P), mul(seen, 0.1))]
              const similarity = anchor.l2Normalize().matmul(positive.l2Normalize(), { transposeB: true })
              const others = mul(sub(1, same_PP), similarity.exp()).sum(1)
              return { alike: one(mul(weight_P, add(others, 1).log()).sum()) }
            },
          }),
        ],
      },
      {
        name: 'finetune',
        epochs: 'until-best',
        objectives: [
          objective<Batch>({
            name: 'softmax',
            batches: batches,
            losses: (batch) => ({ softmax: one(softmax(batch)) }),
            trains: (name) => !name.startsWith('encoder'),
          }),
        ],
      },
    ],
  }
})

/** Two objectives take turns, each with its batches, its parameters and its optimizer. */
export const turnsOf = (turns: 'step' | 'pass') =>
  small(`turns-${turns}`, (catalog) => {
    const windows = itemWindows(windowOptions, catalog)
    const batches = sequences(windows).with(negatives(2))
    const [known, next] = [table('item', catalog), table('next', catalog)]
    type Batch = ReturnType<typeof batches.declare>['batch']
    const user = ({ item_BL, atLast }: Batch): Tensor => atLast(known.rows(item_BL))
    const catalogItems = items()
    return {
      batches,
      history: windows,
      score: { kind: 'dot', table: next, user },
      stages: [
        {
          name: 'train',
          epochs: 'until-best',
          turns,
          objectives: [
            objective<Batch>({
              name: 'ranking',
              batches: batches,
              // Every drawn item scores below the target.
              losses(batch) {
                const { target_P, negative_PN, weight_P } = batch
                const [count] = target_P.shape as [number]
                const own = user(batch).reshape([count, 1, width])
                const margin = sub(
                  mul(own, next.rows(negative_PN)).sum(2),
                  mul(own, next.rows(target_P).unsqueeze(1)).sum(2),
                )
                return { pairwise: one(mul(margin.softplus().mean(1), weight_P).sum()) }
              },
              optimizer: adagrad({ learningRate: 0.5, clipNorm: 5 }),
            }),
            objective<{ readonly item_B: Tensor; readonly weight_B: Tensor }>({
              name: 'length',
              batches: catalogItems,
              losses: ({ item_B, weight_B }) => ({
                length: one(mul(known.rows(item_B).sumSquares(), weight_B).sum(), 0.01),
              }),
              trains: (name) => name === 'item',
              optimizer: adam({ name: 'slow', rateOf: () => 0.1 }),
            }),
          ],
        },
      ],
    }
  })

/**
 * Clusters of today's vectors, found anew before each epoch, stand beside the items; a temperature falls on a schedule.
 */
export const refilledClusters = small('refilled-clusters', (catalog) => {
  const windows = itemWindows(windowOptions, catalog)
  const [known, next] = [table('item', catalog), table('next', catalog)]
  const cluster = input('clusters', [catalog.itemCount + 1], 'int64')
  const vectors = parameter('cluster', [2, width], normal(0.3))
  const score: DotScore<Sequences> = {
    kind: 'dot',
    table: next,
    user({ item_BL, atLast }, pass) {
      const temperature = pass.scheduled('temperature', { training: (step) => 1 / (1 + step / 100), serving: 1 })
      return atLast(add(known.rows(item_BL), mul(vectors.rows(cluster.rows(item_BL)), temperature)))
    },
  }
  return {
    batches: sequences(windows),
    history: windows,
    memory: { clusters: { shape: [catalog.itemCount + 1], data: new BigInt64Array(catalog.itemCount + 1) } },
    score,
    stages: [
      {
        name: 'train',
        epochs: 'until-best',
        objectives: [softmaxOf(sequences(windows), score)],
        async beforeEpoch(context) {
          const { sides } = await context.evaluate({ sides: known.slice(1, 0, 1) })
          const clusters = context.memory['clusters']?.data as BigInt64Array
          for (const [item, side] of (sides as Float32Array).entries()) clusters[item] = side > 0 ? 1n : 0n
        },
      },
    ],
  }
})

/** The softmax over the catalog as an objective. */
function softmaxOf(batches: SequenceKind, score: DotScore<Sequences>) {
  return objective<Sequences>({
    name: 'softmax',
    batches: batches,
    losses: (batch, pass) => rankingLosses(score, batch, pass),
  })
}

/**
 * Learns each pair's loss, and when the losses of half of the pairs are low, remembers those pairs and goes on with
 * them alone.
 */
export const memorizingPairs = small('memorizing-pairs', (catalog) => {
  const settings = { maxLength: 8, beside: 1, userCount: catalog.userCount }
  const batches = pairs(catalog.behaviors.length, settings)
  const users = parameter('user', [catalog.userCount + 1, width], normal(0.3), { rows: 'users' })
  const known = table('item', catalog)
  const most = 4096
  const weights = input('kept', [most])
  const lossOf = ({ user_B, item_B, negative_BN }: Pairs): Tensor => {
    const scores = (ids: Tensor): Tensor => mul(users.rows(user_B), known.rows(ids.reshape([-1]))).sum(1)
    return sub(scores(negative_BN), scores(item_B)).softplus()
  }
  const learns = (name: string, losses: (batch: Pairs, pass: Pass) => Losses, more: Partial<Objective<Pairs>> = {}) =>
    objective<Pairs>({ name, batches: batches, losses, ...more })
  return {
    batches: batches,
    history: { maxLength: 8, mergeBehaviors: true },
    memory: {
      kept: { shape: [most], data: new Float32Array(most).fill(1) },
      'last loss': { shape: [most], data: new Float32Array(most) },
    },
    score: {
      kind: 'dot',
      table: known,
      user: ({ user_B, item_BL, mask_BL }: Pairs) =>
        add(users.rows(user_B), mul(known.rows(item_BL), mask_BL.unsqueeze(-1)).sum(1)),
    },
    stages: [
      {
        name: 'memorize',
        epochs: 6,
        objectives: [
          learns(
            'memorize',
            (batch, pass) => {
              const loss_B = lossOf(batch)
              pass.observe('loss', loss_B)
              pass.observe('pair', batch.pair_B)
              return { pairwise: one(mul(loss_B, batch.weight_B).sum()) }
            },
            {
              observe({ loss, pair }, memory) {
                const last = memory['last loss']?.data as Float32Array
                for (const [row, number] of (pair as BigInt64Array).entries())
                  last[Number(number)] = (loss as Float32Array)[row] as number
              },
            },
          ),
        ],
        isOver: (memory) =>
          (memory['last loss'] as MemoryArray).data.filter((loss) => loss > 0 && loss < 0.6).length > 100,
      },
      {
        name: 'clean',
        epochs: 'until-best',
        before({ memory }) {
          const [kept, last] = [memory['kept'], memory['last loss']].map((array) => array?.data as Float32Array)
          for (const [pair, loss] of (last as Float32Array).entries())
            (kept as Float32Array)[pair] = loss < 0.6 ? 1 : 0.1
        },
        objectives: [
          learns('clean', (batch) => ({
            pairwise: one(mul(mul(lossOf(batch), batch.weight_B), weights.rows(batch.pair_B)).sum()),
          })),
        ],
      },
    ],
  }
})
