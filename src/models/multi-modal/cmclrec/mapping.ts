/**
 * @file The mapping of CMCLRec from what is known of users to histories: what it remembers of the backbone, how it is
 * learned, and the histories that it makes up.
 */
import { featureGroups, firstItems, type UserSettings, type Users, users, warmUsers } from '../../../batches/users.ts'
import { servedWindow } from '../../../batches/windows.ts'
import type { History } from '../../../dataset/schema.ts'
import { linear } from '../../../nn/linear.ts'
import { noNoise } from '../../../nn/noise.ts'
import { hiddenScore } from '../../../tensor/attention.ts'
import { input, integers, type Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import {
  type Losses,
  type Memory,
  type MemoryArray,
  objective,
  type Stage,
  type StageContext,
} from '../../contract/model.ts'
import { infoNce } from '../../parts/info-nce.ts'
import type { SequenceEncoder } from '../../parts/sequence-encoder.ts'
import type { Config } from './config.ts'
import { type Asked, profiles } from './profile.ts'
import { bestOf, type Simulated, timesOf } from './simulated.ts'

/** What the mapping is learned beside. */
export interface Backbone {
  /** [V + 1, D] */
  readonly items: Tensor
  readonly encoder: SequenceEncoder
}

/** A learned mapping. */
export interface Mapping {
  readonly of: 'fields' | 'content'
  /** Made-up histories. */
  simulate(asked: Asked): Simulated
  /** 1 once the mapping is learned, 0 while the backbone is: []. */
  readonly isLearned: Tensor
  readonly memory: Memory
  /** Before the backbone is trained. */
  begin(context: StageContext): void
  readonly stage: Stage
}

/** Users of one batch, as many as the sheet has. */
const usersAtOnce = 1024
/** Users whose histories are read in one go. */
const readAtOnce = 256
/** Epochs without a better rank after which the mapping is learned, and users whom each is ranked among. */
const [patience, rankedAmong] = [10, 100]

const names = {
  isLearned: 'mapping.learned',
  warm: 'mapping.warm',
  frequent: 'mapping.frequent',
  states: 'mapping.states',
  items: 'mapping.items',
  recent: 'mapping.recent',
  rank: 'mapping.rank',
} as const

/** (2-6) Parameters `user.*`, `history.*` and `map.weight`. @throws UserError as {@link profiles} */
export function mapping(config: Config, catalog: CatalogShape, { items, encoder }: Backbone): Mapping {
  const { hiddenSize: width, generate, simulated, temperature, withoutContrast, adapt } = config
  const [userRows, itemRows] = [catalog.userCount + 1, catalog.itemCount + 1]
  const nearby = generate === 'neighbors'
  const memory = remembered(config, { userRows, itemRows })
  const given = (name: string): Tensor => input(name, (memory[name] as MemoryArray).shape)
  const [warm_U, states_UD, frequent_V] = [given(names.warm), given(names.states), given(names.frequent)]
  const isLearned = given(names.isLearned)
  const profile = profiles(config, catalog, warm_U)
  const contrast = withoutContrast ? undefined : linear('history', [width, width])
  const land = linear('map', [width, width], { bias: false })
  const settings: UserSettings = {
    warmEvents: config.warmEvents,
    firstEvents: profile.of === 'content' ? config.contentEvents : 0,
    atOnce: usersAtOnce,
  }
  /** (6) */
  const ofItems = (g_BD: Tensor): Tensor => {
    // While the backbone is adapted, its items move on; made-up histories are of those that the mapping was learned for.
    const known = adapt ? given(names.items) : items
    return land(g_BD).matmul(known, { transposeB: true }).add(frequent_V.sub(1).mul(-hiddenScore))
  }
  const recent = nearby ? given(names.recent) : undefined
  const ofNeighbors = (g_BD: Tensor, recent_UR: Tensor, toHistory: (x: Tensor) => Tensor): Tensor => {
    const h_UD = toHistory(states_UD).l2Normalize()
    const nearness_BU = g_BD.l2Normalize().matmul(h_UD, { transposeB: true }).add(warm_U.sub(1).mul(-hiddenScore))
    const { places } = nearness_BU.topK(Math.min(config.neighbors, userRows))
    const item_BN = recent_UR
      .rows(places)
      .cast('int64')
      .reshape([g_BD.shape[0] as number, -1])
    return timesOf(item_BN, itemRows)
  }
  /** (2-5) */
  const losses = ({ user_B, item_BC, alike_BB, weight_B }: Users, { noise }: { noise: typeof noNoise }): Losses => {
    const g_BD = profile.read({ user_B, item_BC, serving: false }, noise)
    const s_BD = states_UD.rows(user_B)
    const gap_B = land(g_BD).sub(s_BD).square().sum([1])
    const among = { temperature, same: alike_BB, weights: weight_B }
    const h_BD = contrast?.(s_BD)
    return {
      landing: { weight: config.lambdaMap, value: gap_B.mul(weight_B).sum() },
      ...(h_BD && {
        contrast: {
          weight: 1,
          value: infoNce(g_BD, h_BD, among)
            .add(infoNce(h_BD, g_BD, among))
            .div(2),
        },
      }),
    }
  }
  return {
    of: profile.of,
    isLearned,
    memory,
    simulate(asked) {
      const g_BD = profile.read(asked, noNoise)
      return bestOf(recent && contrast ? ofNeighbors(g_BD, recent, contrast) : ofItems(g_BD), simulated)
    },
    begin({ data, memory: { [names.isLearned]: learned } }) {
      // Too few users are refused before the backbone is trained.
      warmUsers(data, settings)
      learned?.data.set([0] as never)
    },
    stage: {
      name: 'mapping',
      epochs: config.mappingEpochs,
      objectives: [objective<Users>({ name: 'mapping', batches: users(settings), losses })],
      async before(context) {
        count(context, config, settings)
        await readStates(context, config, { items, encoder })
        const kept = context.memory[names.items]
        if (kept) kept.data.set((await context.evaluate({ items }))['items'] as never)
        context.memory[names.isLearned]?.data.set([1] as never)
      },
      async beforeEpoch(context) {
        const read = (asked: Asked): Tensor => profile.read(asked, noNoise)
        const pair = contrast
          ? { of: read, to: contrast }
          : { of: (asked: Asked) => land(read(asked)), to: (x: Tensor) => x }
        await rank(context, settings, { ...pair, states_UD })
      },
      isOver: (now) => (now[names.rank]?.data[1] as number) >= patience,
    },
  }
}

/** First values: everybody is new, and every item may be taken. */
function remembered(
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
function count({ data, memory }: StageContext, { minimumCount, simulated }: Config, settings: UserSettings): void {
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
async function readStates(
  { data, memory, evaluate }: StageContext,
  { maxLength, warmEvents, hiddenSize }: Config,
  { items, encoder }: Backbone,
): Promise<void> {
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
    const item_BL = integers(read.flatMap((one) => [...one, ...Array<number>(length - one.length).fill(0)]))
    const places = integers(read.map((one, row) => row * length + one.length - 1))
    const state = encoder.atTargets(
      items.rows(item_BL.reshape([some.length, length])),
      {
        length,
        last_B: integers(read.map((one) => one.length - 1)),
        atLast: (x) => x.reshape([-1, hiddenSize]).rows(places),
      },
      noNoise,
    )
    const found = (await evaluate({ state }))['state'] as Float32Array
    for (const [row, user] of some.entries())
      states?.set(found.subarray(row * hiddenSize, (row + 1) * hiddenSize) as never, user * hiddenSize)
  }
}

/** What a user's rank is computed of. */
interface Ranked {
  readonly of: (asked: Asked) => Tensor
  readonly to: (states: Tensor) => Tensor
  readonly states_UD: Tensor
}

/** Remembers the mean rank of held-out users' histories among those of a hundred others that have other features. */
async function rank({ data, memory, evaluate }: StageContext, settings: UserSettings, ranked: Ranked): Promise<void> {
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
  const { g, h } = await evaluate({
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
