import { describe, expect, it } from 'vitest'
import type { Dataset, Split } from '../../dataset/schema.ts'
import { randomStream } from '../../random/stream.ts'
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { coOccurrence, coOccurrenceEntries, rowNormalized } from './co-occurrence.ts'

/** Every row trains but the last `held` of each user. */
function allBut(held: number, { events }: Dataset): Split {
  const trainEnd = events.start.subarray(1).map((end, user) => (user === 0 ? 0 : end - held))
  return { protocol: 'given', trainEnd, validation: new Int32Array(0), test: new Int32Array(0) }
}

const entriesOf = ({ rows, start, column, value }: SparseMatrix): number[][] =>
  Array.from({ length: rows }, (_, row) =>
    Array.from(column.subarray(start[row], start[row + 1]), (at, index) => [row, at, value[start[row]! + index]!]),
  ).flat()

// User 1 touches 1, 2 (twice) and 3; user 2 touches 2 and 1; user 3 touches 4; item 5 is never touched.
const dataset = tinyDataset({
  events: [
    [1, 1, 'click', 1],
    [1, 2, 'click', 2],
    [1, 2, 'favorite', 3],
    [1, 3, 'click', 4],
    [2, 2, 'favorite', 1],
    [2, 1, 'click', 2],
    [3, 4, 'click', 1],
  ],
  items: 5,
})

describe('coOccurrence', () => {
  it('has as many entries as are told of a small catalog, and about as many of a large one', () => {
    const split = allBut(0, dataset)
    expect(coOccurrenceEntries(dataset, split)).toBe(coOccurrence(dataset, split).column.length)
    const stream = randomStream(1, 'entries')
    const events = Array.from(
      { length: 20_000 },
      (_, at): TinyEvent => [1 + stream.integer(2000), 1 + stream.integer(3000), 'click', at],
    )
    const large = tinyDataset({ events })
    const found = coOccurrence(large, allBut(0, large)).column.length
    expect(Math.abs(coOccurrenceEntries(large, allBut(0, large)) / found - 1)).toBeLessThan(0.1)
  })

  it('counts users who touched both, each once, worked by hand', () => {
    expect(entriesOf(coOccurrence(dataset, allBut(0, dataset)))).toEqual([
      [1, 2, 2],
      [1, 3, 1],
      [2, 1, 2],
      [2, 3, 1],
      [3, 1, 1],
      [3, 2, 1],
    ])
  })

  it('reads training rows alone', () => {
    // Without each user's last row, 1 met 2 for user 1 alone.
    expect(entriesOf(coOccurrence(dataset, allBut(1, dataset)))).toEqual([
      [1, 2, 1],
      [2, 1, 1],
    ])
  })

  it('agrees with counting every pair of items of a random log', () => {
    const stream = randomStream(3, 'co-occurrence')
    const events: TinyEvent[] = Array.from({ length: 400 }, (_, at) => [
      1 + stream.integer(30),
      1 + stream.integer(40),
      'click',
      at,
    ])
    const random = tinyDataset({ events, users: 30, items: 40 })
    const touched = Array.from(
      { length: 41 },
      (_, item) => new Set(events.filter((event) => event[1] === item).map(([user]) => user)),
    )
    const expected = touched.flatMap((left, row) =>
      touched.flatMap((right, column) => {
        const both = row === column ? 0 : [...left].filter((user) => right.has(user)).length
        return both > 0 ? [[row, column, both]] : []
      }),
    )
    expect(entriesOf(coOccurrence(random, allBut(0, random)))).toEqual(expected)
  })
})

it('rowNormalized makes each row sum to 1, and leaves a lonely item itself', () => {
  const third = Math.fround(1 / 3)
  expect(entriesOf(rowNormalized(coOccurrence(dataset, allBut(0, dataset))))).toEqual([
    [1, 2, Math.fround(2 / 3)],
    [1, 3, third],
    [2, 1, Math.fround(2 / 3)],
    [2, 3, third],
    [3, 1, 0.5],
    [3, 2, 0.5],
    [4, 4, 1],
    [5, 5, 1],
  ])
})
