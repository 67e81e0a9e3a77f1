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
import { type BatchKind, type BatchShape, batchKind, counted, type InputBuffers, inOrder } from './kind.ts'
import type { Window } from './windows.ts'

/** How pairs are made. */
export interface PairSettings {
  /** Which events make a pair: those of the target behavior, or all. */
  readonly behaviors?: 'target' | 'all'
  /** Items that the user never touched, drawn anew each epoch as rows of their own with labels of 0, for each pair. */
  readonly negatives?: number
  /** Items that the user never touched, drawn anew each epoch beside each row, in the row. */
  readonly beside?: number
  /**
   * An array of the model's memory, with a number for each pair: only pairs that have another one than 0 are trained
   * on, all where none has or there is no such array. They come in an order of their own, beside items of their own.
   */
  readonly among?: string
  /** Most rows of a batch, where the run's batches may be too large; no limit by default. */
  readonly atOnce?: number
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
  /** Items drawn beside it. */
  readonly beside: Int32Array
}

/** Distinct pairs of training rows, each with its deepest behavior. */
export interface TrainingPairs {
  readonly user: Int32Array
  readonly item: Int32Array
  readonly behavior: Uint8Array
}

/** The pairs of users and items that training rows hold, user by user in the order they first met. */
export function trainingPairs(
  { events, manifest }: Dataset,
  { trainEnd }: Split,
  behaviors: 'target' | 'all',
): TrainingPairs {
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
  const { behaviors = 'all', negatives = 0, beside = 0, maxLength, among, atOnce = Number.POSITIVE_INFINITY } = settings
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
    fill(rows, shape, buffers) {
      if (shape.targets === 0) fillServed(rows as readonly Window[], shape, buffers, settings)
      else fillPairs(rows as readonly PairRow[], shape, buffers, { behaviorCount, beside })
    },
    training(data, { slug, batchSize, seed, memory }, fill) {
      const { dataset, split } = data
      if (!split) throw new Bug('pairs train on a split of events')
      const all = trainingPairs(dataset, split, behaviors)
      const count = all.user.length
      if (count === 0) throw nothingToTrain(dataset, slug)
      const size = Math.min(batchSize, atOnce, count * (1 + negatives))
      const shape = { rows: size, length: maxLength, targets: size }
      return {
        size: `${among && memory?.[among] ? 'some of ' : ''}${counted(count)} pairs${negatives > 0 ? ` and ${counted(count * negatives)} drawn ones` : ''}`,
        shapes: [shape],
        epoch(number) {
          const stream = randomStream(seed, among ?? 'pairs', number)
          const drawer = (user: number): (() => number) => untouchedBy(data, user, stream)
          const rows = epochRows(all, chosenPairs(count, memory?.[among ?? '']?.data), { negatives, beside, drawer })
          const order = stream.shuffle(Int32Array.from({ length: rows.count }, (_, at) => at))
          const rowsAt = (begin: number, end: number): PairRow[] => Array.from(order.subarray(begin, end), rows.rowAt)
          return inOrder(rows.count, shape, rowsAt, fill)
        },
      }
    },
  })
}

/** The numbers of the pairs that are marked, of all where none is. */
function chosenPairs(count: number, marks?: ArrayLike<number | bigint>): Int32Array {
  const all = Int32Array.from({ length: count }, (_, at) => at)
  const marked = marks ? all.filter((pair) => Number(marks[pair]) !== 0) : all
  return marked.length > 0 ? marked : all
}

/** What is drawn for each pair. */
interface Draws {
  readonly negatives: number
  readonly beside: number
  /** Draws an item that a user never touched. */
  readonly drawer: (user: number) => () => number
}

/** Some pairs, and after each its drawn ones, by their number. */
function epochRows(
  { user, item, behavior }: TrainingPairs,
  pairs: Int32Array,
  { negatives, beside, drawer }: Draws,
): { readonly count: number; readonly rowAt: (row: number) => PairRow } {
  const count = pairs.length * (1 + negatives)
  const [items, besides] = [new Int32Array(count), new Int32Array(count * beside)]
  const pairAt = (row: number): number => pairs[Math.floor(row / (1 + negatives))] as number
  const isDrawn = (row: number): boolean => row % (1 + negatives) > 0
  let last = { user: 0, draw: (): number => 0 }
  for (let row = 0; row < count; row++) {
    const owner = user[pairAt(row)] as number
    if (owner !== last.user) last = { user: owner, draw: drawer(owner) }
    items[row] = isDrawn(row) ? last.draw() : (item[pairAt(row)] as number)
    for (let at = 0; at < beside; at++) besides[row * beside + at] = last.draw()
  }
  return {
    count,
    rowAt: (row) => ({
      pair: isDrawn(row) ? user.length : pairAt(row),
      user: user[pairAt(row)] as number,
      item: items[row] as number,
      behavior: isDrawn(row) ? -1 : (behavior[pairAt(row)] as number),
      beside: besides.subarray(row * beside, (row + 1) * beside),
    }),
  }
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
  { behaviorCount, beside }: { behaviorCount: number; beside: number },
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
    if (negative) for (let at = 0; at < beside; at++) negative[row * beside + at] = BigInt(one.beside[at] as number)
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
