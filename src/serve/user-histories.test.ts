import { describe, expect, it } from 'vitest'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { knownIds } from './known-ids.ts'
import { freshRows, givenRows, readPart, wholeHistory } from './user-histories.ts'

const dataset = tinyDataset({
  events: [
    [1, 1, 'click', 100],
    [1, 2, 'favorite', 300],
    [2, 3, 'click', 50],
  ],
  items: 6,
})
const known = knownIds(dataset)
const fresh = (...events: readonly (readonly [item: string, behavior: string, time: number])[]) =>
  freshRows(
    events.map(([item, behavior, time]) => ({ user: 'u1', item, behavior, time })),
    known,
  ).rows
const itemsOf = (user: number, rows: ReturnType<typeof fresh>, rules = {}) => [
  ...wholeHistory({ dataset, ...rules }, user, rows).history.item,
]

describe('a whole history', () => {
  it('has prepared and fresh events in time; of one time, the prepared ones first', () => {
    expect(itemsOf(1, fresh(['i4', 'click', 400], ['i5', 'click', 200], ['i6', 'click', 300]))).toEqual([1, 5, 2, 6, 4])
    expect(itemsOf(0, fresh(['i4', 'click', 400]))).toEqual([4])
    expect(itemsOf(1, [])).toEqual([1, 2])
  })

  it('has an event once that was prepared since it was stored', () => {
    const rows = fresh(['i2', 'favorite', 300], ['i2', 'click', 300], ['i1', 'click', 100], ['i1', 'click', 101])
    expect(itemsOf(1, rows)).toEqual([1, 1, 2, 2])
    expect(itemsOf(0, rows)).toEqual([1, 1, 2, 2])
    expect(itemsOf(1, rows.slice(-2))).toEqual([1, 2, 2])
  })

  it('of an order has what came since after it', () => {
    const ordered = { ...dataset, manifest: { ...dataset.manifest, time: 'order' as const } }
    const whole = wholeHistory({ dataset: ordered }, 1, fresh(['i4', 'click', 4], ['i5', 'click', 9]))
    const { history } = whole
    expect([...history.item]).toEqual([1, 2, 4, 5])
    expect([...history.time]).toEqual([100, 300, 301, 302])
    expect([...history.item].map((item, at) => whole.isFresh({ item, time: history.time[at] as number }))).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  it('is read as a discovery was trained: without what led to a target within its visit', () => {
    const rows = fresh(['i4', 'click', 1_000], ['i4', 'favorite', 2_000], ['i5', 'click', 3_000])
    expect(itemsOf(1, rows)).toEqual([1, 2, 4, 4, 5])
    expect(itemsOf(1, rows, { idleMinutes: 30 })).toEqual([1, 2, 4, 5])
  })
})

describe('what a model reads', () => {
  it('is the last events, after those left out, and those of one item at one time once where it merges them', () => {
    const { history } = wholeHistory({ dataset }, 1, fresh(['i4', 'click', 400], ['i4', 'favorite', 400]))
    const read = (options: object) => [...readPart(history, { maxLength: 9, mergesBehaviors: false, ...options }).item]
    expect(read({})).toEqual([1, 2, 4, 4])
    expect(read({ mergesBehaviors: true, maxLength: 2 })).toEqual([2, 4])
    expect(read({ without: new Set([1]), maxLength: 1 })).toEqual([4])
    expect(read({ without: new Set([1]) })).toEqual([1, 4])
  })
})

describe('a given history', () => {
  it('has the target behavior and the order of the events by default, the last one now', () => {
    const { rows } = givenRows([{ item: 'i1' }, { item: 'i2', behavior: 'click' }], 'favorite', known, 1_000_000)
    expect(rows).toEqual([
      { item: 1, behavior: 1, time: 940_000 },
      { item: 2, behavior: 0, time: 1_000_000 },
    ])
    const timed = givenRows(
      [
        { item: 'i1', time: 2 },
        { item: 'i2', time: 1 },
      ],
      'click',
      known,
    )
    expect(timed.rows.map(({ item }) => item)).toEqual([2, 1])
  })
})
