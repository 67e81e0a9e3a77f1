import { expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import type { Window } from '../windows.ts'
import { augmented } from './augmented.ts'

it('leaves out items by chance, never the first, and keeps their order', () => {
  const [rows, length] = [400, 6]
  const item = Int32Array.of(1, 2, 3, 4, 5)
  const history = { user: 1, item, behavior: new Uint8Array(5), time: Float64Array.from(item) }
  const window: Window = { history, targets: [{ item: 6, behavior: 0, prefix: 5, weight: 1 }] }
  const buffers = {
    'view.history': new BigInt64Array(rows * length),
    'view.last': new BigInt64Array(rows),
    'view.lastInverse': new BigInt64Array(rows * length),
  }
  const windows = Array.from({ length: rows }, () => window)
  const drawn = { random: randomStream(1), data: undefined as never }
  augmented('view', { how: ['drop'], dropShare: 0.25 }).fill?.(windows, { rows, length, targets: rows }, buffers, drawn)
  const seen = windows.map((_, row) => {
    const places = Array.from(buffers['view.history'].subarray(row * length, (row + 1) * length), Number)
    return places.filter((one) => one > 0)
  })
  for (const [row, items] of seen.entries()) {
    expect(items).toEqual(items.toSorted((a, b) => a - b))
    expect(items[0]).toBe(1)
    expect(Number(buffers['view.last'][row])).toBe(row * length + items.length - 1)
  }
  const left = seen.reduce((sum, items) => sum + items.length - 1, 0) / (4 * rows)
  expect(Math.abs(left - 0.75)).toBeLessThan(0.05)
})
