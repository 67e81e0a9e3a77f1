import { describe, expect, it } from 'vitest'
import type { Dataset, Split } from '../dataset/schema.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { itemKnn } from '../models/counting/item-knn.ts'
import { popularity } from '../models/counting/popularity.ts'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { compareRanks, evaluate, ndcgOf, reportOf } from './evaluate.ts'
import { rankTargets } from './rank.ts'

/**
 * User u favors items u, u + 1, ... so that the next item can be told; the last of each user tests, the one before
 * validates.
 */
function ladder(users: number, items: number): { dataset: Dataset; split: Split } {
  const stream = randomStream(1, 'ladder')
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    const first = stream.integer(items)
    const length = 4 + (user % 12)
    for (let step = 0; step < length; step++) events.push([user, ((first + step) % items) + 1, 'favorite', step])
  }
  const dataset = tinyDataset({ events, items, candidates: 'untargeted' })
  const last = Int32Array.from({ length: users }, (_, at) => (dataset.events.start[at + 2] ?? 0) - 1)
  const trainEnd = Int32Array.of(0, ...last.map((row) => row - 1))
  return { dataset, split: { protocol: 'leave-one-out', trainEnd, validation: last.map((row) => row - 1), test: last } }
}

const { dataset, split } = ladder(60, 150)

function knn(): Scorer {
  const config = itemKnn.config.parse({})
  return itemKnn.load(itemKnn.fit(dataset, split, config), dataset, config)
}
function popular(): Scorer {
  const config = popularity.config.parse({})
  return popularity.load(popularity.fit(dataset, split, config), dataset, config)
}

describe('evaluate', () => {
  it('works out five targets by hand, k beyond the catalog and empty histories included', async () => {
    const items = [1, 2, 3, 4, 5] as const
    const five = tinyDataset({ events: items.map((item) => [item, item, 'favorite', 1] as const) })
    const everyone: Split = {
      protocol: 'leave-one-out',
      trainEnd: Int32Array.of(0, 0, 1, 2, 3, 4),
      validation: new Int32Array(0),
      test: Int32Array.of(0, 1, 2, 3, 4),
    }
    // Ranks of items 1 to 5: 1, 2.5, 2.5, 4, 5.
    const model: Scorer = {
      slug: 'fixed',
      itemCount: 5,
      score: (histories) =>
        Promise.resolve(Float32Array.from(histories.flatMap(() => [Number.NEGATIVE_INFINITY, 9, 5, 5, 2, 1]))),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const report = await evaluate(model, five, everyone, { part: 'test', seed: 1, ks: [2, 3, 20], sampled: false })
    const mean = (name: string): number => report.slices.all.full[name]?.mean ?? Number.NaN
    expect(mean('hr@2')).toBe(1 / 5)
    expect(mean('hr@3')).toBe(3 / 5)
    expect(mean('hr@20')).toBe(1)
    expect(mean('ndcg@3')).toBeCloseTo((1 + 1 / Math.log2(3.5) + 1 / Math.log2(3.5)) / 5, 12)
    expect(mean('mrr@20')).toBeCloseTo((1 + 1 / 2.5 + 1 / 2.5 + 1 / 4 + 1 / 5) / 5, 12)
    expect(report).toMatchObject({
      emptyHistories: 5,
      slices: { all: { targets: 5, users: 5 }, coldStart: { targets: 5 } },
    })
  })

  it('reports each metric at each k with its interval, full catalog and sampled negatives apart', async () => {
    const report = await evaluate(knn(), dataset, split, { part: 'test', seed: 7 })
    const names = ['hr@10', 'ndcg@10', 'mrr@10', 'hr@20', 'ndcg@20', 'mrr@20']
    expect(Object.keys(report.slices.all.full)).toEqual(names)
    expect(Object.keys(report.slices.all.sampled99 ?? {})).toEqual(names)
    for (const { mean, low = 1, high = 0 } of Object.values(report.slices.all.full)) {
      expect(low).toBeLessThanOrEqual(mean)
      expect(high).toBeGreaterThanOrEqual(mean)
    }
    expect(report).toMatchObject({
      model: 'item-knn',
      protocol: 'leave-one-out',
      part: 'test',
      seed: 7,
      ks: [10, 20],
      slices: { all: { targets: 60, users: 60 } },
    })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('has the users with at most 10 earlier events as cold starts', async () => {
    const { slices } = await evaluate(knn(), dataset, split, { part: 'test', seed: 7 })
    // A user has 4 + (u mod 12) events, one of them the target: at most 10 earlier for u mod 12 up to 7.
    expect(Object.keys(slices)).toEqual(['all', 'coldStart'])
    expect(slices['coldStart']?.targets).toBe(
      Array.from({ length: 60 }, (_, at) => (at + 1) % 12).filter((rest) => rest <= 7).length,
    )
  })

  it('writes the same bytes for the same seed, and other intervals for another', async () => {
    const [first, second, other] = await Promise.all(
      [7, 7, 8].map((seed) => evaluate(knn(), dataset, split, { part: 'test', seed })),
    )
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(other?.slices.all.full['ndcg@10']).not.toEqual(first?.slices.all.full['ndcg@10'])
    expect(other?.slices.all.full['ndcg@10']?.mean).toBe(first?.slices.all.full['ndcg@10']?.mean)
  })

  it('has no bounds where none were asked for', async () => {
    const report = await evaluate(knn(), dataset, split, { part: 'test', seed: 7, intervals: false })
    expect(Object.keys(report.slices.all.full['ndcg@10'] ?? {})).toEqual(['mean'])
  })

  it('refuses a list of no length, and a slice that is not there', async () => {
    await expect(evaluate(knn(), dataset, split, { part: 'test', seed: 7, slices: ['coldstart'] })).rejects.toThrow(
      'slice: unknown: "coldstart", expected one of all, coldStart, emptyHistory, behavior:click, behavior:favorite. did you mean "coldStart"?',
    )
    await expect(evaluate(knn(), dataset, split, { part: 'test', seed: 7, ks: [10, 0] })).rejects.toThrow(
      'evaluate.ks: invalid: 0, expected a whole number from 1',
    )
  })
})

describe('reportOf', () => {
  it('reports ranks already made as evaluate does', async () => {
    const options = { part: 'test', seed: 7 } as const
    const ranks = await rankTargets(knn(), dataset, split, { ...options, listLength: 20 })
    expect(reportOf(ranks, dataset, split, options)).toEqual(await evaluate(knn(), dataset, split, options))
  })
})

describe('ndcgOf', () => {
  it('is the NDCG@10 of the report', async () => {
    const report = await evaluate(knn(), dataset, split, { part: 'validation', seed: 7 })
    expect(await ndcgOf(knn(), dataset, split, { part: 'validation', seed: 1 })).toBe(
      report.slices.all.full['ndcg@10']?.mean,
    )
  })
})

describe('compareRanks', () => {
  it('tells item-kNN from popularity on a log with a next item to find, by the same targets', async () => {
    const [ours, theirs] = await Promise.all(
      [knn(), popular()].map((model) => rankTargets(model, dataset, split, { part: 'test', seed: 7 })),
    )
    if (!ours || !theirs) throw new Error('no ranks')
    const gain = compareRanks(ours, theirs, { metric: 'ndcg@10', seed: 7 })
    expect(gain.low).toBeGreaterThan(0)
    expect(compareRanks(theirs, ours, { metric: 'ndcg@10', seed: 7 }).mean).toBeCloseTo(-gain.mean, 12)
    expect(compareRanks(ours, ours, { metric: 'hr@10', seed: 7, against: 'sampled99' })).toEqual({
      mean: 0,
      low: 0,
      high: 0,
    })
  })

  it('refuses ranks of other targets', async () => {
    const test = await rankTargets(knn(), dataset, split, { part: 'test', seed: 7, sampled: false })
    const validation = await rankTargets(knn(), dataset, split, { part: 'validation', seed: 7, sampled: false })
    expect(() => compareRanks(test, validation, { metric: 'ndcg@10', seed: 7 })).toThrow(
      'item-knn and item-knn: mismatched: 60 and 60 targets',
    )
    expect(() => compareRanks(test, test, { metric: 'ndcg@10', seed: 7, against: 'sampled99' })).toThrow(
      'ranked the same way',
    )
  })
})
