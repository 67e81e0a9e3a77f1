import { describe, expect, it } from 'vitest'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { negativesOf } from './negatives.ts'

const events = [
  [1, 1, 'click', 1],
  [1, 2, 'favorite', 2],
  [1, 3, 'click', 9],
  [2, 4, 'favorite', 1],
] as const

describe('sampled negatives', () => {
  it('are different items the user never touched, before or after the target', () => {
    const dataset = tinyDataset({ events, items: 300 })
    const drawn = negativesOf(dataset, 1, { count: 99, seed: 7 })
    expect(new Set(drawn).size).toBe(99)
    expect([1, 2, 3].filter((item) => drawn.includes(item))).toEqual([])
    expect(Math.min(...drawn)).toBeGreaterThan(0)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(300)
  })

  it('depend on the seed and the target alone', () => {
    const dataset = tinyDataset({ events, items: 300 })
    const first = negativesOf(dataset, 1, { count: 99, seed: 7 })
    negativesOf(dataset, 3, { count: 5, seed: 7 })
    expect(negativesOf(dataset, 1, { count: 99, seed: 7 })).toEqual(first)
    expect(negativesOf(dataset, 1, { count: 99, seed: 8 })).not.toEqual(first)
    expect(negativesOf(dataset, 3, { count: 99, seed: 7 })).not.toEqual(first)
  })

  it('are all there are in a small catalog', () => {
    const drawn = negativesOf(tinyDataset({ events, items: 6 }), 1, { count: 99, seed: 7 })
    expect([...drawn.sort()]).toEqual([4, 5, 6])
  })
})
