import { describe, expect, it } from 'vitest'
import type { History, Split } from '../dataset/schema.ts'
import { evaluate, ndcgOf } from '../evaluate/evaluate.ts'
import { rankTargets } from '../evaluate/rank.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { answeringEmpty } from './empty-histories.ts'
import { recommend } from './recommend.ts'

// In training item 3 was favored twice, 2 once, and 1 and 4 never; 4 was clicked, which does not count. Users 4 and 5
// have no event before their target.
const dataset = tinyDataset({
  events: [
    [1, 4, 'click', 1],
    [1, 3, 'favorite', 2],
    [1, 1, 'favorite', 9],
    [2, 3, 'favorite', 1],
    [3, 2, 'favorite', 1],
    [4, 3, 'favorite', 9],
    [5, 2, 'favorite', 9],
  ],
  users: 6,
  candidates: 'all',
})
const split: Split = {
  protocol: 'time',
  trainEnd: Int32Array.of(0, 2, 4, 5, 5, 6, 7),
  validation: Int32Array.of(2, 5, 6),
  test: Int32Array.of(2, 5, 6),
}
const historyOf = (...items: readonly number[]): History => ({
  user: 1,
  item: Int32Array.from(items),
  behavior: new Uint8Array(items.length),
  time: Float64Array.from(items),
})

/** Scores item i with i, and remembers how many histories it was asked about. */
function stub(): Scorer & { asked: number[] } {
  const asked: number[] = []
  return {
    slug: 'stub',
    itemCount: 4,
    asked,
    score(histories, into = new Float32Array(5 * histories.length)) {
      asked.push(histories.length)
      for (let row = 0; row < histories.length; row++) into.set([Number.NEGATIVE_INFINITY, 1, 2, 3, 4], 5 * row)
      return Promise.resolve(into.subarray(0, 5 * histories.length))
    },
    explain: (_, items) => Promise.resolve(items.map((item) => ({ item, behaviors: { click: 1 } }))),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
const popular = [Number.NEGATIVE_INFINITY, 0, 1, 2, 0]
const own = [Number.NEGATIVE_INFINITY, 1, 2, 3, 4]

describe('users without a history', () => {
  it('are answered by how often items were targets in training, and the others by the model', async () => {
    const model = stub()
    const scorer = answeringEmpty(model, dataset, split)
    const scores = await scorer.score([historyOf(1), historyOf(), historyOf(2), historyOf()])
    expect([...scores]).toEqual([...own, ...popular, ...own, ...popular])
    expect([...(await scorer.score([historyOf()], new Float32Array(20)))]).toEqual(popular)
    // The model is asked about the others alone, and about all at once where nobody's history is empty.
    await scorer.score([historyOf(1), historyOf(2), historyOf(3)])
    expect(model.asked).toEqual([2, 3])
  })

  it('get the most popular where the best of each history are asked for', async () => {
    const model = { ...stub(), best: async (asked: readonly History[]) => asked.map(() => [{ item: 4, score: 9 }]) }
    const [first, second] = (await answeringEmpty(model, dataset, split).best?.([historyOf(), historyOf(1)])) ?? []
    expect(first?.map(({ item }) => item)).toEqual([3, 2, 1, 4])
    expect(second).toEqual([{ item: 4, score: 9 }])
    expect(answeringEmpty(stub(), dataset, split).best).toBeUndefined()
  })

  it('leave a model alone that has an answer of its own', () => {
    const model = { ...stub(), answersEmpty: true }
    expect(answeringEmpty(model, dataset, split)).toBe(model)
  })

  it('are left to a model that knows something of users, where they are of the dataset', async () => {
    const scorer = answeringEmpty({ ...stub(), answersUsers: true }, dataset, split)
    const scores = await scorer.score([historyOf(), { ...historyOf(), user: 0 }, historyOf(1)])
    expect([...scores]).toEqual([...own, ...popular, ...own])
    const { popular: isPopular, items } = await recommend({ scorer, dataset, split }, 'u6', { top: 1 })
    expect(isPopular).toBe(false)
    expect(items).toEqual([expect.objectContaining({ id: 'i4', score: 4 })])
  })

  it('have ranks by popularity in an evaluation, whatever the model', async () => {
    // User 1 by the model: its target, item 1, has the fourth score. User 4's is the most popular, user 5's the second.
    const scorer = answeringEmpty(stub(), dataset, split)
    const { full } = await rankTargets(scorer, dataset, split, { part: 'test', seed: 1, sampled: false })
    expect([...full]).toEqual([4, 1, 2])
    const ndcg = await ndcgOf(scorer, dataset, split, { part: 'validation', seed: 1 })
    expect(ndcg).toBeCloseTo((1 / Math.log2(5) + 1 + 1 / Math.log2(3)) / 3, 12)
  })

  it('have popular lists, which the metrics of lists count', async () => {
    const scorer = answeringEmpty(stub(), dataset, split)
    const { lists } = await evaluate(scorer, dataset, split, { part: 'test', seed: 1, sampled: false, ks: [1] })
    // Lists 4, 3 and 3 of 4 items. In training items 2, 3 and 4 have 1, 2 and 1 of 4 events: p = 2/8, 3/8 and 2/8.
    expect(lists).toEqual({
      'coverage@1': 0.5,
      'novelty@1': expect.closeTo((2 - 2 * Math.log2(3 / 8)) / 3, 12),
      'diversity@1': expect.closeTo(1 - 1 / 3, 12),
    })
  })

  it('get the popular items, without reasons', async () => {
    const scorer = answeringEmpty(stub(), dataset, split)
    const { known, popular, items } = await recommend({ scorer, dataset, split }, 'u6', { top: 2 })
    expect({ known, popular }).toEqual({ known: true, popular: true })
    expect(items).toEqual([
      { id: 'i3', title: 'Item 3', score: 2 },
      { id: 'i2', title: 'Item 2', score: 1 },
    ])
    expect((await recommend({ scorer, dataset, split }, 'u1')).popular).toBe(false)
  })
})
