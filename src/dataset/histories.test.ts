import { describe, expect, it } from 'vitest'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { historyBefore, historyOf } from './histories.ts'

const { events } = tinyDataset({
  events: [
    [1, 1, 'click', 1],
    [1, 2, 'click', 2],
    [1, 3, 'favorite', 2],
    [1, 4, 'click', 3],
    [2, 5, 'click', 1],
  ],
})

describe('a history', () => {
  it('holds what came strictly before a time', () => {
    expect([...historyBefore(events, 1, 2).item]).toEqual([1])
    expect([...historyBefore(events, 1, 3).item]).toEqual([1, 2, 3])
    expect([...historyBefore(events, 1, 99).item]).toEqual([1, 2, 3, 4])
    expect([...historyBefore(events, 2, 1).item]).toEqual([])
  })

  it('keeps the last events', () => {
    expect([...historyBefore(events, 1, 3, { maxLength: 2 }).item]).toEqual([2, 3])
    expect([...historyBefore(events, 1, 3, { maxLength: 2 }).behavior]).toEqual([0, 1])
  })

  it('is a view of the events', () => {
    const history = historyOf(events, 2)
    expect([...history.item]).toEqual([5])
    expect(history.item.buffer).toBe(events.item.buffer)
  })
})
