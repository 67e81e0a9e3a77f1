/**
 * @file Batches of users and items that met: for models that forget order. In training a row is a pair of a user and an
 * item with a label for each behavior; when serving it is a user, with the history that stands for one who was never
 * trained on.
 */
import type { Dataset, Split } from '../dataset/schema.ts'
import { Bug, UserError } from '../errors.ts'
import { randomStream } from '../random/stream.ts'
import { greater } from '../tensor/compare.ts'
import { cast } from '../tensor/move.ts'
import { integers, type Tensor } from '../tensor/node.ts'
import { untouchedBy } from './extras/negatives.ts'
import { type BatchKind, type BatchShape, batchKind, counted, type Drawn, type InputBuffers, inOrder } from './kind.ts'
import type { Window } from './windows.ts'

/** How pairs are made. */
export interface PairSettings {
  /** Which events make a pair: those of the target behavior, or all. */
  readonly behaviors?: 'target' | 'all'
  /** Items that the user never touched, drawn anew each epoch as rows of their own with labels of 0, for each pair. */
  readonly negatives?: number
  /** Items drawn beside each pair in the same row. */
  readonly beside?: number
  /** How many of a served history's last events are read. */
  readonly maxLength: number
  /** Users the model has rows for; anybody else is user 0. */
  readonly userCount?: number
}

/** A symbolic batch of pairs; what training alone has is there in training alone. */
export interface Pairs {
  readonly rows: number
  readonly serving: boolean
  /** [B] int64; 0 for a user never trained on. */
  readonly user_B: Tensor
  /**
   * Serving only: item indices of each user's last events, then zeros [B, L] int64, and 1 where there is one [B, L].
   */
  readonly item_BL: Tensor
  readonly mask_BL: Tensor
  /** [B] int64 */
  readonly item_B: Tensor
  /** 1 for the pair's deepest behavior and every one before it, else 0: [B, K]. */
  readonly label_BK: Tensor
  /** Weights [B], which sum to 1; 0 for rows that only fill up. */
  readonly weight_B: Tensor
  /** The number of the row's pair among all pairs, from 0; that of a drawn row is the number of pairs: [B] int64. */
  readonly pair_B: Tensor
  /** Items beside each pair: [B, N] int64. */
  readonly negative_BN: Tensor
}

/** One row of a batch: the number of a pair, or a drawn item of a user. */
export interface PairRow {
  readonly pair: number
  readonly user: number
  readonly item: number
  /** -1 for a drawn item. */
  readonly behavior: number
}

/** Distinct pairs of training rows, each with its deepest behavior. */
export interface TrainingPairs {
  readonly user: Int32Array
  readonly item: Int32Array
  readonly behavior: Uint8Array
}

/** The pairs of users and items that training rows hold, user by user in the order they first met. */
function trainingPairs({ events, manifest }: Dataset, { trainEnd }: Split, behaviors: 'target' | 'all'): TrainingPairs {
  const target = manifest.behaviors.indexOf(manifest.target)
  const pairs: { user: number; item: number; behavior: number }[] = []
  for (let user = 1; user < trainEnd.length; user++) {
    const own = new Map<number, number>()
    for (let row = events.start[user] as number; row < (trainEnd[user] as number); row++) {
      const behavior = events.behavior[row] as number
      if (behaviors === 'target' && behavior !== target) continue
      const item = events.item[row] as number
      own.set(item, Math.max(own.get(item) ?? 0, behavior))
    }
    for (const [item, behavior] of own) pairs.push({ user, item, behavior })
  }
  return {
    user: Int32Array.from(pairs, ({ user }) => user),
    item: Int32Array.from(pairs, ({ item }) => item),
    behavior: Uint8Array.from(pairs, ({ behavior }) => behavior),
  }
}

/** Batches of pairs. @param behaviorCount K */
export function pairs(
  behaviorCount: number,
  settings: PairSettings,
): BatchKind<Pairs, readonly PairRow[] | readonly Window[]> {
  const { behaviors = 'all', negatives = 0, beside = 0, maxLength } = settings
  return batchKind<Pairs, readonly PairRow[] | readonly Window[]>({
    recipe: [{ name: 'pairs', settings: { ...settings, behaviorCount } }],
    smallest: { rows: 2, length: maxLength, targets: 2 },
    declare({ rows, length, targets }, input) {
      const item_BL = input('history', [rows, length], 'int64')
      return {
        rows,
        serving: targets === 0,
        user_B: input('user', [rows], 'int64'),
        item_BL,
        mask_BL: cast(greater(item_BL, integers([0])), 'float32'),
        item_B: input('item', [rows], 'int64'),
        label_BK: input('label', [rows, behaviorCount]),
        weight_B: input('weight', [rows]),
        pair_B: input('pair', [rows], 'int64'),
        negative_BN: input('negatives', [rows, beside], 'int64'),
      }
    },
    fill(rows, shape, buffers, drawn) {
      if (shape.targets === 0) fillServed(rows as readonly Window[], shape, buffers, settings)
      else fillPairs(rows as readonly PairRow[], shape, buffers, { behaviorCount, beside, drawn })
    },
    training(data, { slug, batchSize, seed }, fill) {
      const { dataset, split } = data
      if (!split) throw new Bug('pairs train on a split of events')
      const all = trainingPairs(dataset, split, behaviors)
      const count = all.user.length
      if (count === 0) throw nothingToTrain(dataset, slug)
      const total = count * (1 + negatives)
      const shape = { rows: Math.min(batchSize, total), length: maxLength, targets: Math.min(batchSize, total) }
      return {
        size: `${counted(count)} pairs${negatives > 0 ? ` and ${counted(count * negatives)} drawn ones` : ''}`,
        shapes: [shape],
        epoch(number) {
          const stream = randomStream(seed, 'pairs', number)
          const rows = epochRows(all, negatives, (user) => untouchedBy(data, user, stream))
          const order = stream.shuffle(Int32Array.from(rows, (_, at) => at))
          const rowsAt = (begin: number, end: number): PairRow[] =>
            Array.from(order.subarray(begin, end), (row) => rows[row] as PairRow)
          return inOrder(total, shape, rowsAt, fill)
        },
      }
    },
  })
}

/** Every pair, and after it its drawn ones. */
function epochRows({ user, item, behavior }: TrainingPairs, negatives: number, drawer: (user: number) => () => number) {
  const rows: PairRow[] = []
  let draw: (() => number) | undefined
  for (let pair = 0; pair < user.length; pair++) {
    const owner = user[pair] as number
    if (pair === 0 || owner !== user[pair - 1]) draw = drawer(owner)
    rows.push({ pair, user: owner, item: item[pair] as number, behavior: behavior[pair] as number })
    for (let at = 0; at < negatives; at++) {
      rows.push({ pair: user.length, user: owner, item: (draw as () => number)(), behavior: -1 })
    }
  }
  return rows
}

function fillServed(
  windows: readonly Window[],
  { length }: BatchShape,
  buffers: InputBuffers,
  { userCount = Number.POSITIVE_INFINITY }: PairSettings,
): void {
  const [user, history] = [buffers['user'], buffers['history']] as (BigInt64Array | undefined)[]
  user?.fill(0n)
  history?.fill(0n)
  for (const [row, window] of windows.entries()) {
    if (user) user[row] = BigInt(window.history.user <= userCount ? window.history.user : 0)
    if (history) for (const [at, item] of window.history.item.entries()) history[row * length + at] = BigInt(item)
  }
}

/** Rows beyond the pairs repeat the first one and count nothing. */
function fillPairs(
  rows: readonly PairRow[],
  shape: BatchShape,
  buffers: InputBuffers,
  { behaviorCount, beside, drawn }: { behaviorCount: number; beside: number; drawn: Drawn | undefined },
): void {
  const [user, item, pair, negative] = ['user', 'item', 'pair', 'negatives'].map((name) => buffers[name]) as (
    | BigInt64Array
    | undefined
  )[]
  const [label, weight] = [buffers['label'], buffers['weight']] as (Float32Array | undefined)[]
  for (let row = 0; row < shape.rows; row++) {
    const one = rows[row < rows.length ? row : 0] as PairRow
    if (user) user[row] = BigInt(one.user)
    if (item) item[row] = BigInt(one.item)
    if (pair) pair[row] = BigInt(one.pair)
    if (label) for (let at = 0; at < behaviorCount; at++) label[row * behaviorCount + at] = at <= one.behavior ? 1 : 0
    if (weight) weight[row] = row < rows.length ? 1 / rows.length : 0
    if (!negative || beside === 0) continue
    if (!drawn) throw new Bug('items beside pairs are drawn in training alone')
    const draw = untouchedBy(drawn.data, one.user, drawn.random)
    for (let at = 0; at < beside; at++) negative[row * beside + at] = BigInt(draw())
  }
}

function nothingToTrain({ manifest, folder }: Dataset, slug: string): UserError {
  return new UserError({
    where: folder,
    problem: 'empty',
    value: `no user has a training event that ${slug} can learn from`,
    expected: `users with "${manifest.target}" events`,
    hint: 'check the behaviors and filters of prepare',
  })
}
