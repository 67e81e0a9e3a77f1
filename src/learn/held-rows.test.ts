import { describe, expect, it } from 'vitest'
import { ranksHere } from '../../test/fixtures/ranks-here.ts'
import { uniform } from '../nn/init.ts'
import { parameter } from '../tensor/node.ts'
import { numbered, type RowsElsewhere, sharedRows, stretchRows } from './held-rows.ts'
import { initialParameters } from './parameters.ts'

/** Seven rows of two: row r is [10 r, 10 r + 1]. */
const whole = Float32Array.from({ length: 14 }, (_, at) => 10 * Math.floor(at / 2) + (at % 2))
const size = { rows: 7, width: 2 }
/** Three ranks, and the rows of the table that each holds. */
const shared = () =>
  ranksHere(3).map((ranks) => {
    const held = sharedRows(ranks)
    const own = new Float32Array(2 * held.count(7))
    held.keep(own, whole, { first: 0, width: 2 })
    return { held, own, elsewhere: held.elsewhere as RowsElsewhere }
  })

describe('rows that ranks hold together', () => {
  it('are dealt out one after the other', () => {
    expect(shared().map(({ own }) => [...own])).toEqual([
      [0, 1, 30, 31, 60, 61],
      [10, 11, 40, 41],
      [20, 21, 50, 51],
    ])
    const [, second] = shared()
    expect([1, 2, 4].map((row) => second!.elsewhere.placeOf(row))).toEqual([0, undefined, 1])
    expect(second!.elsewhere.rowAt(1)).toBe(4)
  })

  it('are kept from stretches that begin anywhere', () => {
    for (const { held, own } of shared()) {
      const again = new Float32Array(own.length)
      for (const [first, after] of [
        [0, 2],
        [2, 3],
        [3, 7],
      ] as const)
        held.keep(again, whole.subarray(2 * first, 2 * after), { first, width: 2 })
      expect(again).toEqual(own)
    }
  })

  it('come together again at the first rank', async () => {
    const found = await Promise.all(
      shared().map(async ({ held, own }) => {
        const stretches: number[] = []
        for await (const stretch of held.stretches(own, size)) stretches.push(...(stretch as Float32Array))
        return stretches
      }),
    )
    expect(found).toEqual([[...whole], [], []])
  })

  it('come together in several stretches where they are many', async () => {
    const [rows, width] = [5, 2 ** 19]
    expect(stretchRows(width)).toBe(2)
    const found = await Promise.all(
      ranksHere(2).map(async (ranks) => {
        const held = sharedRows(ranks)
        const own = new Float32Array(held.count(rows) * width)
        for (let place = 0; place < held.count(rows); place++)
          own.fill((held.elsewhere as RowsElsewhere).rowAt(place), place * width, (place + 1) * width)
        const firsts: number[][] = []
        for await (const stretch of held.stretches(own, { rows, width })) {
          const values = stretch as Float32Array
          firsts.push(Array.from({ length: values.length / width }, (_, row) => values[row * width + 1] as number))
        }
        return firsts
      }),
    )
    expect(found).toEqual([[[0, 1], [2, 3], [4]], []])
  })

  it('are fetched from those who hold them, by each what it asks for', async () => {
    const asked = [[5, 0, 4], [], [4]]
    const got = await Promise.all(
      shared().map(({ elsewhere, own }, rank) => elsewhere.fetch(Int32Array.from(asked[rank]!), own, 2)),
    )
    expect(got.map((rows) => [...rows])).toEqual([[50, 51, 0, 1, 40, 41], [], [40, 41]])
  })

  it('are given to those who hold them, in the order of the givers', async () => {
    const given = [
      { ids: [4, 6], rows: [1, 1, 2, 2] },
      { ids: [], rows: [] },
      { ids: [2, 4], rows: [3, 3, 4, 4] },
    ]
    const got = await Promise.all(
      shared().map(({ elsewhere }, rank) =>
        elsewhere.give(Int32Array.from(given[rank]!.ids), Float32Array.from(given[rank]!.rows), 2),
      ),
    )
    const plain = got.map((parts) => parts.map(({ ids, rows }) => [[...ids].map(Number), [...rows]]))
    expect(plain).toEqual([
      [
        [[2], [2, 2]],
        [[], []],
        [[], []],
      ],
      [
        [[1], [1, 1]],
        [[], []],
        [[1], [4, 4]],
      ],
      [
        [[], []],
        [[], []],
        [[0], [3, 3]],
      ],
    ])
  })

  it('begin as the same rows of a whole table do', () => {
    // Three rows are two stretches.
    const [rows, width] = [3, 2 ** 19]
    const table = parameter('table', [rows, width], uniform(1))
    const begun = initialParameters([table], 4).buffers.get('table')!
    const held = sharedRows(ranksHere(2)[0]!)
    const { values } = initialParameters([table], 4, new Map([['table', held]])).buffers.get('table')!
    const expected = new Float32Array(2 * width)
    held.keep(expected, begun.values, { first: 0, width })
    expect(Buffer.from(values.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
  })
})

describe('numbered', () => {
  it('has each id once, and where the ids of each list are among them', () => {
    const { ids, places } = numbered([BigInt64Array.of(7n, 3n, 7n), BigInt64Array.of(), BigInt64Array.of(9n, 3n)])
    expect([...ids]).toEqual([7, 3, 9])
    expect(places.map((list) => [...list])).toEqual([[0, 1, 0], [], [2, 1]])
  })
})
