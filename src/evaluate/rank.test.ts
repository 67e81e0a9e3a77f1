import { describe, expect, it } from 'vitest'
import type { Dataset, History, Manifest, Split } from '../dataset/schema.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { rankTargets } from './rank.ts'

/** A model that scores items 1, 2, ... so, whatever the history; it keeps the histories it was shown. */
function fixedScorer(
  scores: readonly number[],
  itemCount = scores.length,
): Scorer & { shown: History[]; batches: number[] } {
  const shown: History[] = []
  const batches: number[] = []
  return {
    slug: 'fixed',
    itemCount,
    shown,
    batches,
    score(histories) {
      shown.push(...histories)
      batches.push(histories.length)
      return Promise.resolve(Float32Array.from(histories.flatMap(() => [Number.NEGATIVE_INFINITY, ...scores])))
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

// Rows 0-3 are user 1's, row 4 user 2's, whose first event is a target.
const events: readonly TinyEvent[] = [
  [1, 1, 'favorite', 10],
  [1, 2, 'click', 20],
  [1, 5, 'click', 30],
  [1, 3, 'favorite', 30],
  [2, 4, 'favorite', 40],
]
const firstSplit: Split = {
  protocol: 'leave-one-out',
  trainEnd: Int32Array.of(0, 1, 4),
  validation: new Int32Array(0),
  test: Int32Array.of(3, 4),
}
// Five items leave no 99 negatives.
const request = { part: 'test', seed: 1, sampled: false } as const

function shop(candidates: Manifest['candidates'] = 'unseen'): Dataset {
  return tinyDataset({ events, candidates, userIds: ['Ada', 'Ben'] })
}

describe('rankTargets, full catalog', () => {
  const split = firstSplit
  //               item  1  2  3  4  5
  const scores = [9, 8, 5, 5, 5]

  it('leaves out what was touched before, and counts ties by the expected rank', async () => {
    const { full, earlier, user, model } = await rankTargets(fixedScorer(scores), shop(), split, request)
    // User 1: item 3 against 4 and 5, both tied; 5 was clicked at the same time, not before. User 2: item 4 against 1,
    // 2 above, 3, 5 tied.
    expect([...full]).toEqual([1 + 0 + 2 / 2, 1 + 2 + 2 / 2])
    expect([...earlier]).toEqual([2, 0])
    expect([...user]).toEqual([1, 2])
    expect(model).toBe('fixed')
  })

  it('leaves out only earlier targets, or nothing, as the dataset says', async () => {
    const untargeted = await rankTargets(fixedScorer(scores), shop('untargeted'), split, request)
    expect([...untargeted.full]).toEqual([1 + 1 + 2 / 2, 1 + 2 + 2 / 2])
    const all = await rankTargets(fixedScorer(scores), shop('all'), split, request)
    expect([...all.full]).toEqual([1 + 2 + 2 / 2, 1 + 2 + 2 / 2])
  })

  it('shows the model only what came strictly before, at most maxLength of it', async () => {
    const model = fixedScorer(scores)
    await rankTargets(model, shop(), split, request)
    expect(model.shown.map(({ user, item }) => [user, [...item]])).toEqual([
      [2, []],
      [1, [1, 2]],
    ])
    const short = fixedScorer(scores)
    await rankTargets(short, shop(), split, { ...request, maxLength: 1 })
    expect([...(short.shown[1]?.item ?? [])]).toEqual([2])
  })

  it('gives the same ranks whatever the batch size', async () => {
    const one = fixedScorer(scores)
    const ranks = await rankTargets(one, shop(), split, { ...request, batchSize: 1 })
    expect(one.batches).toEqual([1, 1])
    expect(ranks).toEqual(await rankTargets(fixedScorer(scores), shop(), split, request))
  })

  it('ranks an item the model rules out last', async () => {
    const never = [1, 2, Number.NEGATIVE_INFINITY, 3, 4]
    const { full } = await rankTargets(fixedScorer(never), shop('all'), split, request)
    expect(full[0]).toBe(5)
  })
})

describe('rankTargets, sampled negatives', () => {
  const items = 400
  const large = tinyDataset({ events: [...events, [1, 399, 'favorite', 50], [1, 398, 'click', 60]], items })
  // User 1 has two events more, so user 2's target moved to row 6.
  const split = { ...firstSplit, trainEnd: Int32Array.of(0, 1, 6), test: Int32Array.of(3, 6) }
  const falling = Array.from({ length: items }, (_, at) => -at)

  it('ranks among 100, the same for the same seed', async () => {
    const ascending = falling.map((score) => -score)
    const { sampled99 } = await rankTargets(fixedScorer(ascending), large, split, { part: 'test', seed: 1 })
    // Items 3 and 4 score nearly lowest, so nearly all of their 99 negatives are above.
    for (const rank of sampled99 ?? []) {
      expect(rank).toBeGreaterThan(95)
      expect(rank).toBeLessThanOrEqual(100)
    }
    const middle = Array.from({ length: items }, (_, at) => (at * 7919) % items)
    const again = async (seed: number) =>
      (await rankTargets(fixedScorer(middle), large, split, { part: 'test', seed })).sampled99
    expect(await again(1)).toEqual(await again(1))
    const seeds = await Promise.all([1, 2, 3, 4, 5].map(again))
    expect(new Set(seeds.map((ranks) => ranks?.join())).size).toBeGreaterThan(1)
  })

  it("never holds the user's own items, later ones included", async () => {
    // Only the user's own items beat the targets: 1, 2, 5 and 399, 398 for user 1.
    const own = Array.from({ length: items }, (_, at) =>
      [1, 2, 5, 398, 399].includes(at + 1) ? 9 : [3, 4].includes(at + 1) ? 5 : 0,
    )
    const { sampled99 } = await rankTargets(fixedScorer(own), large, split, { part: 'test', seed: 1 })
    expect(sampled99?.[0]).toBe(1)
  })

  it('can be left off', async () => {
    expect(await rankTargets(fixedScorer(falling), large, split, request)).not.toHaveProperty('sampled99')
  })
})

describe('rankTargets, refusals', () => {
  const split = firstSplit
  const scores = [1, 2, 3, 4, 5]

  it('names the model whose scores are NaN', async () => {
    const broken = rankTargets(fixedScorer([1, Number.NaN, 3, 4, 5]), shop(), split, request)
    await expect(broken).rejects.toThrow('fixed: invalid: NaN among the scores of user "Ben", expected numbers')
  })

  it('refuses a model of another catalog, a part without targets, and training rows that leak', async () => {
    await expect(rankTargets(fixedScorer(scores, 7), shop(), split, request)).rejects.toThrow(
      'fixed: mismatched: 7 items, expected the 5 items of tiny',
    )
    await expect(rankTargets(fixedScorer(scores), shop(), split, { ...request, part: 'validation' })).rejects.toThrow(
      'tiny validation: empty: 0 targets',
    )
    const leaky = { ...split, trainEnd: Int32Array.of(0, 3, 4) }
    await expect(rankTargets(fixedScorer(scores), shop(), leaky, request)).rejects.toThrow(
      'user "Ada", event row 2: leaked: it trains the model',
    )
  })

  it('refuses sampled negatives of a catalog that has too few', async () => {
    await expect(rankTargets(fixedScorer(scores), shop(), split, { part: 'test', seed: 1 })).rejects.toThrow(
      'at least 99 for sampled metrics',
    )
  })

  it('refuses a target that is left out as seen', async () => {
    const clicked = tinyDataset({ events: [...events, [1, 3, 'click', 5]], userIds: ['Ada', 'Ben'] })
    const shifted = { ...split, trainEnd: Int32Array.of(0, 2, 5), test: Int32Array.of(4) }
    await expect(rankTargets(fixedScorer(scores), clicked, shifted, request)).rejects.toThrow(
      'user "Ada", event row 4: leaked: the item to predict, "i3"',
    )
  })
})
