/** @file The first phase of SGDL: which training pairs a young model knows by heart, and when it knows enough. */
import { untouchedBy } from '../../../batches/extras/negatives.ts'
import type { TrainingData } from '../../../batches/kind.ts'
import { type TrainingPairs, trainingPairs } from '../../../batches/pairs.ts'
import { Bug } from '../../../errors.ts'
import type { RandomStream } from '../../../random/stream.ts'
import type { Memory, MemoryArray, Stage, StageContext } from '../../contract/model.ts'
import type { Backbone } from './backbone.ts'
import type { Config } from './config.ts'
import { shareOfLarger } from './mixture.ts'

/** Names of the arrays that are remembered. */
export const names = {
  /** Of each pair a bit for each of the last epochs, the latest lowest: 1 where it was known. */
  known: 'pairs.known',
  /** 1 for pairs that are clean. */
  clean: 'pairs.clean',
  /** The share of pairs that are clean by what is known, and by the mixture. */
  rates: 'pairs.rates',
} as const

/** First values, for so many pairs. */
export const memoryOf = (count: number): Memory => ({
  [names.known]: { shape: [count], data: new Float32Array(count) },
  [names.clean]: { shape: [count], data: new Float32Array(count) },
  [names.rates]: { shape: [2], data: Float32Array.of(0, 1) },
})

/** (3-4) What a stage does to find the memorization point. */
export function memorization(config: Config, backbone: Backbone): Required<Pick<Stage, 'afterEpoch' | 'isOver'>> {
  return {
    async afterEpoch(context) {
      const { data, memory, random } = context
      if (!data.split) throw new Bug('SGDL trains on a split of events')
      const pairs = trainingPairs(data.dataset, data.split, config.pairs)
      const judged = { pairs, score: await scorerOf(context, backbone), drawer: drawerOf(data, random) }
      const [known, clean, rates] = [names.known, names.clean, names.rates].map(
        (name) => (memory[name] as MemoryArray).data,
      ) as [Float32Array, Float32Array, Float32Array]
      remember(known, memorized(judged), config)
      for (const [pair, bits] of known.entries()) clean[pair] = isClean(bits, config) ? 1 : 0
      rates[0] = clean.reduce((sum, one) => sum + one, 0) / clean.length
      rates[1] = 1 - shareOfLarger(scaledLosses(judged))
    },
    isOver({ [names.rates]: rates }) {
      const [byMemory, byMixture] = (rates as MemoryArray).data as Float32Array
      return (byMemory as number) > 0 && (byMemory as number) >= (byMixture as number)
    },
  }
}

/** What pairs are judged by. */
interface Judged {
  readonly pairs: Pick<TrainingPairs, 'user' | 'item'>
  readonly score: (user: number, item: number) => number
  /** Draws items that a user never touched. */
  readonly drawer: (user: number) => () => number
}

const drawerOf =
  (data: TrainingData, random: RandomStream) =>
  (user: number): (() => number) =>
    untouchedBy(data, user, random)

/** The score of a pair by today's parameters. */
async function scorerOf(context: StageContext, { users_UD, items_VD }: Backbone): Promise<Judged['score']> {
  const { users, items } = (await context.evaluate({ users: users_UD, items: items_VD })) as Record<
    string,
    Float32Array
  >
  const width = users_UD.shape[1] as number
  const [ofUsers, ofItems] = [users as Float32Array, items as Float32Array]
  return (user, item) => {
    let product = 0
    for (let at = 0; at < width; at++)
      product += (ofUsers[user * width + at] as number) * (ofItems[item * width + at] as number)
    return product
  }
}

/** The first and the last pair of each user, who are one after the other. */
function* byUser({ user }: Judged['pairs']): Generator<readonly [user: number, begin: number, end: number]> {
  for (let begin = 0, end = 1; begin < user.length; begin = end, end++) {
    while (end < user.length && user[end] === user[begin]) end++
    yield [user[begin] as number, begin, end]
  }
}

/** 1 for each pair that is among the n best of its user's n pairs and n drawn items. */
export function memorized({ pairs, score, drawer }: Judged): Uint8Array {
  const known = new Uint8Array(pairs.user.length)
  for (const [user, begin, end] of byUser(pairs)) {
    const count = end - begin
    const draw = drawer(user)
    const drawn = new Set(Array.from({ length: count }, draw))
    const own = Float64Array.from(pairs.item.subarray(begin, end), (item) => score(user, item))
    const others = Array.from(drawn, (item) => score(user, item))
    const last = Float64Array.from([...own, ...others])
      .sort()
      .at(-count) as number
    for (const [at, one] of own.entries()) known[begin + at] = one >= last ? 1 : 0
  }
  return known
}

/** Shifts what was known of each pair by an epoch. */
function remember(known: Float32Array, now: Uint8Array, { ringEpochs }: Config): void {
  const ring = 2 ** ringEpochs
  for (const [pair, one] of now.entries()) known[pair] = (2 * (known[pair] as number) + one) % ring
}

/** Whether a pair was known in at least half of the last epochs. */
export function isClean(bits: number, { ringEpochs }: Pick<Config, 'ringEpochs'>): boolean {
  let count = 0
  for (let left = bits; left > 0; left = Math.floor(left / 2)) count += left % 2
  return count >= ringEpochs / 2
}

/** ln(1 + e^x); from 700 on it is x, and e^x soon too large for a number. */
const softplus = (x: number): number => (x > 700 ? x : Math.log1p(Math.exp(x)))

/** The loss of each pair beside one drawn item, from 0 to 1 within each user who has several. */
export function scaledLosses({ pairs, score, drawer }: Judged): Float64Array {
  const losses = new Float64Array(pairs.user.length)
  for (const [user, begin, end] of byUser(pairs)) {
    const draw = drawer(user)
    const own = losses.subarray(begin, end)
    for (let at = 0; at < own.length; at++)
      own[at] = softplus(score(user, draw()) - score(user, pairs.item[begin + at] as number))
    if (own.length === 1) continue
    const [least, most] = [Math.min(...own), Math.max(...own)]
    for (const [at, loss] of own.entries()) own[at] = most > least ? (loss - least) / (most - least) : 0
  }
  return losses
}
