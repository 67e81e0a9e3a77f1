import { expect, it } from 'vitest'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { keptEvents } from './kept-events.ts'

it('keeps events of rows, and says where each row is now; a user without events stays', () => {
  const { events } = tinyDataset({
    events: [
      [1, 1, 'click', 1],
      [1, 2, 'favorite', 2],
      [2, 3, 'click', 1],
      [3, 1, 'click', 1],
      [3, 2, 'click', 2],
    ],
  })
  const kept = keptEvents(events, (row) => row !== 0 && row !== 2)
  expect([...kept.events.item]).toEqual([2, 1, 2])
  expect([...kept.events.user]).toEqual([1, 3, 3])
  expect([...kept.events.start]).toEqual([0, 0, 1, 1, 3])
  expect([...kept.before]).toEqual([0, 0, 1, 1, 2, 3])
})
