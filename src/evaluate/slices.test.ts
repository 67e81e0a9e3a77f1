import { describe, expect, it } from 'vitest'
import type { Split } from '../dataset/schema.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { evaluate } from './evaluate.ts'
import { sliceOf } from './slices.ts'

/**
 * Five users, each with a target at time 100:
 *
 *     user  earlier events  target        rank  NDCG@10
 *     1     0               buy of item 1  1     1
 *     2     1               cart of item 2 2     1 / log2(3)
 *     3     10              cart of item 3 3     1 / log2(4) = 0.5
 *     4     11              buy of item 4  4     1 / log2(5)
 *     5     12              cart of item 5 5     1 / log2(6)
 */
const earlier = [0, 1, 10, 11, 12]
const targets = ['buy', 'cart', 'cart', 'buy', 'cart']
const events = targets.flatMap((behavior, at): TinyEvent[] => [
  ...Array.from({ length: earlier[at] as number }, (_, event) => [at + 1, 6, 'view', event] as const),
  [at + 1, at + 1, behavior, 100],
])
const dataset = tinyDataset({ events, behaviors: ['view', 'cart', 'buy'], candidates: 'all' })
const rows = Int32Array.from(targets, (_, at) => (dataset.events.start[at + 2] as number) - 1)
const split: Split = {
  protocol: 'given',
  trainEnd: Int32Array.of(0, ...rows),
  validation: new Int32Array(0),
  test: rows,
}
/** Ranks item i in place i for everybody. */
const model: Scorer = {
  slug: 'fixed',
  itemCount: 6,
  score: (histories) =>
    Promise.resolve(Float32Array.from(histories.flatMap(() => [Number.NEGATIVE_INFINITY, 6, 5, 4, 3, 2, 1]))),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

const ndcg = (rank: number): number => 1 / Math.log2(1 + rank)
const names = ['coldStart', 'emptyHistory', 'behavior:cart', 'behavior:buy', 'behavior:view']

describe('slices', () => {
  it('have figures of their own targets: five users by hand', async () => {
    const options = { part: 'test', seed: 1, ks: [10], sampled: false, slices: names } as const
    const { slices } = await evaluate(model, dataset, split, options)
    const found = Object.entries(slices).map(([name, { targets, users, full }]) => ({
      name,
      targets,
      users,
      mean: full['ndcg@10']?.mean.toFixed(12),
    }))
    const mean = (...ranks: number[]): string =>
      (ranks.reduce((sum, rank) => sum + ndcg(rank), 0) / ranks.length).toFixed(12)
    expect(found).toEqual([
      { name: 'all', targets: 5, users: 5, mean: mean(1, 2, 3, 4, 5) },
      // Ten earlier events are a cold start, eleven are not.
      { name: 'coldStart', targets: 3, users: 3, mean: mean(1, 2, 3) },
      { name: 'emptyHistory', targets: 1, users: 1, mean: mean(1) },
      { name: 'behavior:cart', targets: 3, users: 3, mean: mean(2, 3, 5) },
      { name: 'behavior:buy', targets: 2, users: 2, mean: mean(1, 4) },
      // No target is a view: the slice is left out.
    ])
  })

  it('are all targets and cold starts where none are named, and all targets alone where the list is empty', async () => {
    const options = { part: 'test', seed: 1, sampled: false } as const
    const namesOf = async (slices?: readonly string[]): Promise<string[]> =>
      Object.keys((await evaluate(model, dataset, split, { ...options, ...(slices && { slices }) })).slices)
    expect(await namesOf()).toEqual(['all', 'coldStart'])
    expect(await namesOf([])).toEqual(['all'])
    expect(await namesOf(['all', 'emptyHistory'])).toEqual(['all', 'emptyHistory'])
  })

  it('say which targets they hold', () => {
    const words = ['coldStart', 'behavior:cart'].map((name) => sliceOf(name, dataset))
    expect(words.map(({ title, about }) => `${title} (${about})`)).toEqual([
      'Cold start (at most 10 earlier events)',
      'Behavior cart (the target is a cart event)',
    ])
    expect(() => sliceOf('behavior:carts', dataset)).toThrow('did you mean "behavior:cart"?')
  })
})
