import { describe, expect, it } from 'vitest'
import type { History, Split } from '../../dataset/schema.ts'
import { countingConformance } from '../../testing/counting.ts'
import { tinyDataset } from '../../testing/tiny-dataset.ts'
import { lastItem } from './last-item.ts'

// Favorites: item 1 once, item 2 three times; a click on item 3; item 4 is never touched.
const dataset = tinyDataset({
  events: [
    [1, 1, 'favorite', 1],
    [1, 2, 'favorite', 2],
    [1, 2, 'favorite', 3],
    [2, 2, 'favorite', 1],
    [2, 3, 'click', 2],
  ],
  items: 4,
})
const split: Split = {
  protocol: 'given',
  trainEnd: dataset.events.start.subarray(1),
  validation: new Int32Array(0),
  test: new Int32Array(0),
}
const history = (...items: number[]): History => ({
  user: 1,
  item: Int32Array.from(items),
  behavior: Uint8Array.from(items, (_, at) => at % 2),
  time: Float64Array.from(items.keys()),
})

describe('last-item', () => {
  const config = lastItem.config.parse({})
  const scorer = lastItem.load(lastItem.fit(dataset, split, config), dataset, config)

  it('ranks by the last touch, then by popularity, worked by hand', async () => {
    const pad = Number.NEGATIVE_INFINITY
    expect([...(await scorer.score([history(4, 1, 4, 3), history()]))]).toEqual([
      pad,
      1,
      0.75,
      3,
      2,
      pad,
      0.25,
      0.75,
      0,
      0,
    ])
  })

  it('gives the last event on an item as the reason for it', async () => {
    expect(await scorer.explain?.(history(4, 1, 1), [1, 2])).toEqual([
      { item: 1, because: [{ item: 1, behavior: 0, share: 1 }] },
      { item: 2 },
    ])
  })
})

countingConformance({ model: lastItem as never })
