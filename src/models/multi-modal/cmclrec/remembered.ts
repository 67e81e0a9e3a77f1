/**
 * @file What CMCLRec remembers of the backbone and of training: histories' vectors of warm users, which items come
 * often, and how well the mapping finds users whom no step sees.
 */
import { featureGroups, firstItems, type UserSettings, warmUsers } from '../../../batches/users.ts'
import { servedWindow } from '../../../batches/windows.ts'
import type { History } from '../../../dataset/schema.ts'
import { noNoise } from '../../../nn/noise.ts'
import { integers, type Tensor } from '../../../tensor/node.ts'
import type { Memory, MemoryArray, StageContext } from '../../contract/model.ts'
import { type Backbone, readAtLast } from './backbone.ts'
import type { Config } from './config.ts'
import type { Asked } from './profile.ts'

/** Users whose histories are read in one go. */
const readAtOnce = 256
/** Epochs without a better rank after which the mapping is learned. */
export const patience = 10
/** Users among whom each is ranked. */
const rankedAmong = 100

/** Names of the arrays that are remembered. */
export const names = {
  isLearned: 'mapping.learned',
  warm: 'mapping.warm',
  frequent: 'mapping.frequent',
  states: 'mapping.states',
  items: 'mapping.items',
  recent: 'mapping.recent',
  rank: 'mapping.rank',
} as const

/** First values: everybody is new, and every item may be taken. */
export function remembered(
  { hiddenSize, simulated, generate, adapt }: Config,
  { userRows, itemRows }: { readonly userRows: number; readonly itemRows: number },
): Memory {
  const array = (shape: readonly number[], more: Omit<MemoryArray, 'shape' | 'data'> = {}): MemoryArray => ({
    shape,
    ...more,
    data: new Float32Array(shape.reduce((size, one) => size * one, 1)),
  })
  const frequent = array([itemRows], { rows: 'items', fresh: 'zero' })
  frequent.data.fill(1 as never).fill(0 as never, 0, 1)
  return {
    [names.isLearned]: { shape: [1], data: Float32Array.of(1) },
    /** 1 for users that are warm. */
    [names.warm]: array([userRows], { rows: 'users', fresh: 'zero' }),
    /** 1 for items that come often enough. */
    [names.frequent]: frequent,
    /** s, zeros for users that are not warm. */
    [names.states]: array([userRows, hiddenSize], { rows: 'users', fresh: 'zero' }),
    /** The best mean rank, and the epochs since. */
    [names.rank]: { shape: [2], data: Float32Array.of(Number.MAX_VALUE, 0) },
    ...(adapt && { [names.items]: array([itemRows, hiddenSize], { rows: 'items' }) }),
    ...(generate === 'neighbors' && {
      /** The last items of users that are warm, latest first. */
      [names.recent]: array([userRows, simulated], { rows: 'users', fresh: 'zero', holds: 'items' }),
    }),
  }
}

/** Counts training events: which users are warm, which items frequent, what users had last. */
export function count(
  { data, memory }: StageContext,
  { minimumCount, simulated }: Config,
  settings: UserSettings,
): void {
  const { events } = data.dataset
  const [warm, frequent, recent] = [names.warm, names.frequent, names.recent].map((name) => memory[name]?.data)
  warm?.fill(0 as never)
  recent?.fill(0 as never)
  for (const user of warmUsers(data, settings).all) {
    warm?.set([1] as never, user)
    const [begin, end] = [events.start[user] as number, data.split?.trainEnd[user] as number]
    const last = events.item.subarray(Math.max(begin, end - simulated), end)
    recent?.set([...last].reverse() as never, user * simulated)
  }
  const times = new Int32Array(data.dataset.catalog.ids.length)
  for (const [user, end] of (data.split?.trainEnd ?? []).entries())
    for (const item of events.item.subarray(events.start[user], end)) times[item] = (times[item] as number) + 1
  frequent?.set(Array.from(times, (one, item) => (item > 0 && one >= minimumCount ? 1 : 0)) as never)
}

/** s of warm users: the backbone at the end of their training events. */
export async function readStates(
  context: StageContext,
  { maxLength, warmEvents, hiddenSize }: Config,
  backbone: Backbone,
): Promise<void> {
  const { data, memory } = context
  const { events } = data.dataset
  const states = memory[names.states]?.data
  states?.fill(0 as never)
  const { all } = warmUsers(data, { warmEvents })
  for (let from = 0; from < all.length; from += readAtOnce) {
    const some = all.subarray(from, from + readAtOnce)
    const read = Array.from(some, (user) => {
      const [begin, end] = [events.start[user], data.split?.trainEnd[user]]
      const history: History = {
        user,
        item: events.item.subarray(begin, end),
        behavior: events.behavior.subarray(begin, end),
        time: events.time.subarray(begin, end),
      }
      return servedWindow(history, { maxLength, mergeBehaviors: true }).history.item
    })
    const length = Math.max(...read.map((one) => one.length))
    const item_BL = integers(read.flatMap((one) => [...one, ...Array<number>(length - one.length).fill(0)])).reshape([
      some.length,
      length,
    ])
    const state = readAtLast({ item_BL, last_B: integers(read.map((one) => one.length - 1)) }, backbone, noNoise)
    const found = (await context.evaluate({ state }))['state'] as Float32Array
    for (const [row, user] of some.entries())
      states?.set(found.subarray(row * hiddenSize, (row + 1) * hiddenSize) as never, user * hiddenSize)
  }
}

/** What a user's rank is computed of. */
export interface Ranked {
  readonly of: (asked: Asked) => Tensor
  readonly to: (states: Tensor) => Tensor
  readonly states_UD: Tensor
}

/** Remembers the mean rank of held-out users' histories among those of a hundred others that have other features. */
export async function rank(context: StageContext, settings: UserSettings, ranked: Ranked): Promise<void> {
  const { data, memory } = context
  const { all, heldOut } = warmUsers(data, settings)
  const best = memory[names.rank]?.data as Float32Array
  if (heldOut.length === 0) return
  const { firstEvents } = settings
  const first = [...heldOut].flatMap((user) => [...firstItems(data, user, firstEvents)])
  const asked: Asked = {
    user_B: integers([...heldOut]),
    item_BC: firstEvents > 0 ? integers(first).reshape([heldOut.length, firstEvents]) : undefined,
    serving: false,
  }
  const { g, h } = await context.evaluate({
    g: ranked.of(asked).l2Normalize(),
    h: ranked.to(ranked.states_UD).l2Normalize(),
  })
  const width = ranked.states_UD.shape[1] as number
  const row = (table: unknown, at: number): Float32Array =>
    (table as Float32Array).subarray(at * width, (at + 1) * width)
  const groups = featureGroups(data, settings)
  let sum = 0
  for (const [at, user] of heldOut.entries()) {
    const profile = row(g, at)
    const nearness = (other: number): number =>
      row(h, other).reduce((product, value, place) => product + value * (profile[place] as number), 0)
    const own = nearness(user)
    const place = all.indexOf(user)
    for (let step = 1; step <= Math.min(rankedAmong, all.length - 1); step++) {
      const other = all[(place + step) % all.length] as number
      if (groups[other] !== groups[user] && nearness(other) > own) sum++
    }
  }
  const mean = 1 + sum / heldOut.length
  if (mean < (best[0] as number)) best.set([mean, 0])
  else best[1] = (best[1] as number) + 1
}
