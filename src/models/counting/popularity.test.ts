import { describe, expect, it } from 'vitest'
import type { Split } from '../../dataset/schema.ts'
import { countingConformance } from '../../testing/counting.ts'
import { tinyDataset } from '../../testing/tiny-dataset.ts'
import { popularity } from './popularity.ts'

const dataset = tinyDataset({
  events: [
    [1, 1, 'favorite', 1],
    [1, 2, 'click', 2],
    [1, 2, 'favorite', 3],
    [2, 2, 'favorite', 1],
    [2, 3, 'click', 2],
    [2, 3, 'favorite', 9],
    [2, 3, 'favorite', 10],
  ],
  items: 4,
})
// User 2's favorites of item 3 are its targets, so the rows from 5 on do not train.
const split: Split = {
  protocol: 'leave-one-out',
  trainEnd: Int32Array.of(0, 3, 5),
  validation: Int32Array.of(5),
  test: Int32Array.of(6),
}
const empty = { user: 1, item: new Int32Array(0), behavior: new Uint8Array(0), time: new Float64Array(0) }

describe('popularity', () => {
  it('counts target events of the training rows, the same for every user', async () => {
    const config = popularity.config.parse({})
    const scorer = popularity.load(popularity.fit(dataset, split, config), dataset, config)
    const row = [Number.NEGATIVE_INFINITY, 1, 2, 0, 0]
    expect([...(await scorer.score([empty, empty]))]).toEqual([...row, ...row])
    await scorer[Symbol.asyncDispose]()
  })

  it('counts all behaviors where asked to', () => {
    expect(popularity.fit(dataset, split, { behaviors: 'all' })['counts']?.data).toEqual(Float32Array.of(0, 1, 3, 1, 0))
  })

  it('gives every caller an array of its own, or writes into the caller’s', async () => {
    const config = popularity.config.parse({})
    await using scorer = popularity.load(popularity.fit(dataset, split, config), dataset, config)
    const [first, second] = await Promise.all([scorer.score([empty]), scorer.score([empty])])
    expect(first?.buffer).not.toBe(second?.buffer)
    const into = new Float32Array(7).fill(9)
    const written = await scorer.score([empty], into)
    expect([written.buffer, [...into]]).toEqual([into.buffer, [Number.NEGATIVE_INFINITY, 1, 2, 0, 0, 9, 9]])
  })

  it('refuses tensors of another model or another catalog', () => {
    const config = popularity.config.parse({})
    expect(() => popularity.load({}, dataset, config)).toThrow('popularity checkpoint: mismatched: no tensor "counts"')
    const foreign = { counts: { shape: [3], data: new Float32Array(3) } }
    expect(() => popularity.load(foreign, dataset, config)).toThrow(
      '"counts" has 3 elements of Float32Array, expected 5 elements of Float32Array',
    )
  })
})

countingConformance({ model: popularity as never, ignoresHistory: 'everybody is given the same items' })
