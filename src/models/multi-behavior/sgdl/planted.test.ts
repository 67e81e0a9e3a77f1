import { describe, expect, it } from 'vitest'
import { trainPlanted } from '../../../../test/fixtures/planted.ts'
import { trainingPairs } from '../../../batches/pairs.ts'
import type { Dataset, History, Split } from '../../../dataset/schema.ts'
import { topItems } from '../../../dataset/top-items.ts'
import { randomStream } from '../../../random/stream.ts'
import { lastTwo } from '../../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../../../testing/tiny-dataset.ts'
import { names } from './memorization.ts'
import { sgdl } from './sgdl.ts'

const [users, groups, each] = [72, 4, 24]
/** Whether an item is of a user's group. */
const isOwn = (user: number, item: number): boolean => Math.floor((item - 1) / each) === user % groups

/** Users of four groups take fourteen items of their group, the last two held out, and eight that are of others. */
function planted(): { readonly dataset: Dataset; readonly split: Split } {
  const random = randomStream(1, 'planted')
  const items = Array.from({ length: groups * each }, (_, at) => at + 1)
  const events = Array.from({ length: users }, (_, at) => at + 1).flatMap((user) => {
    const [own, odd] = [true, false].map((wanted) =>
      random.shuffle(items.filter((item) => isOwn(user, item) === wanted)),
    )
    const trained = random.shuffle([...(own as number[]).slice(0, 12), ...(odd as number[]).slice(0, 8)])
    return [...trained, ...(own as number[]).slice(12, 14)].map((item, time): TinyEvent => [user, item, 'click', time])
  })
  const dataset = tinyDataset({ events, items: items.length, behaviors: ['click'] })
  return { dataset, split: lastTwo(dataset) }
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('SGDL on clicks of which two in five are odd ones', () => {
  const { dataset, split } = planted()
  const pairs = trainingPairs(dataset, split, 'all')
  const historyOf = (user: number): History => {
    const [begin, end] = [dataset.events.start[user], split.trainEnd[user]]
    const { item, behavior, time } = dataset.events
    return {
      user,
      item: item.subarray(begin, end),
      behavior: behavior.subarray(begin, end),
      time: time.subarray(begin, end),
    }
  }

  /** What is thought of a user's own pairs and of odd ones, and how many of the first ten items are a user's own. */
  async function trained(more: object) {
    const options = { hiddenSize: 16, maxLength: 20, layers: 2, ringEpochs: 6, memorizationRate: 0.5, weightRate: 0.02 }
    const training = { epochs: 14, learningRate: 0.05, batchSize: 64 }
    await using made = await trainPlanted(sgdl, { ...options, ...more }, dataset, training)
    const { scorer, memory } = made
    const clean: Record<'own' | 'odd', number[]> = { own: [], odd: [] }
    const weights: typeof clean = { own: [], odd: [] }
    const told: number[] = []
    const hits: number[] = []
    const kindOf = (user: number, item: number) => (isOwn(user, item) ? 'own' : 'odd')
    for (const [pair, user] of pairs.user.entries())
      clean[kindOf(user, pairs.item[pair] as number)].push(Number(memory[names.clean]?.data[pair]))
    for (let user = 1; user <= users; user++) {
      const history = historyOf(user)
      const { weight } = await scorer.reasons(history)
      if (weight)
        for (const [at, item] of history.item.entries()) weights[kindOf(user, item)].push(weight[at] as number)
      const [explained] = (await scorer.explain?.(history, [1])) ?? []
      for (const { item } of explained?.noise ?? []) told.push(isOwn(user, item) ? 0 : 1)
      const scores = await scorer.score([history])
      for (const item of history.item) scores[item] = Number.NEGATIVE_INFINITY
      hits.push(...topItems(scores, 10).map(({ item }) => (isOwn(user, item) ? 1 : 0)))
    }
    return { clean, weights, told, hits: meanOf(hits) }
  }

  it('knows whose own they are early, weighs odd ones less and ranks better than its backbone alone', async () => {
    const [whole, alone] = [await trained({}), await trained({ weights: 'one' })]
    expect(meanOf(whole.clean.own)).toBeGreaterThan(meanOf(whole.clean.odd) + 0.15)
    expect(meanOf(whole.weights.own)).toBeGreaterThan(meanOf(whole.weights.odd) + 0.1)
    expect(whole.hits).toBeGreaterThan(alone.hits + 0.02)
    // It tells odd ones alone as what counts little.
    expect(whole.told.length).toBeGreaterThan(10)
    expect(meanOf(whole.told)).toBeGreaterThan(0.9)
    expect(alone.told).toEqual([])
  })

  it('weighs odd ones no less where all pairs are taken for clean', async () => {
    const { weights } = await trained({ clean: 'all' })
    expect(meanOf(weights.own)).toBeLessThan(meanOf(weights.odd) + 0.05)
  })
})
