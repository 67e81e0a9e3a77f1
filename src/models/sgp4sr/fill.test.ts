import { describe, expect, it } from 'vitest'
import type { Window } from '../../batches/windows.ts'
import { sizeOf } from '../../tensor/node.ts'
import type { BatchShape } from '../contract/model.ts'
import { fillBatch, graphInputs } from './fill.ts'

const window = (items: readonly number[], prefixes: readonly number[]): Window => ({
  history: {
    user: 1,
    item: Int32Array.from(items),
    behavior: new Uint8Array(items.length),
    time: Float64Array.from(items.keys()),
  },
  targets: prefixes.map((prefix) => ({ item: 10 * prefix, behavior: 0, prefix, weight: prefix })),
})

function filled(windows: readonly Window[], shape: BatchShape): Record<string, number[]> {
  const buffers = Object.fromEntries(
    Object.entries(graphInputs(shape)).map(([name, { dtype, shape: sizes }]) => [
      name,
      dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)).fill(7n) : new Float32Array(sizeOf(sizes)).fill(7),
    ]),
  )
  fillBatch(windows, shape, buffers)
  return Object.fromEntries(
    Object.entries(buffers).map(([name, values]) => [name, Array.from<number | bigint, number>(values, Number)]),
  )
}

describe('the inputs of SGP4SR', () => {
  it('name the place of each target and the target of each place', () => {
    const shape = { rows: 3, length: 3, targets: 4, targetsPerRow: 2 }
    expect(filled([window([1, 2, 3], [1, 3]), window([4, 5], [2])], shape)).toEqual({
      history: [1, 2, 3, 4, 5, 0, 0, 0, 0],
      place: [0, 2, 1, -1, -1, -1],
      // The fourth target is padding: it reads a place that none has taken.
      sources: [0, 1, 2, 3],
      sourcesInverse: [0, 1, 2, 3, 4, 4],
      targets: [10, 30, 20, 0],
      weights: [1 / 6, 3 / 6, 2 / 6, 0].map(Math.fround),
    })
  })

  it('read the last item when serving, and the padding of an empty history', () => {
    expect(filled([window([4, 5], []), window([], [])], { rows: 2, length: 3, targets: 0 })).toEqual({
      history: [4, 5, 0, 0, 0, 0],
      place: [1, 0],
    })
  })

  it('refuse more targets than there is room for', () => {
    const shape = { rows: 1, length: 3, targets: 2, targetsPerRow: 2 }
    expect(() => filled([window([1, 2, 3], [1, 2, 3])], shape)).toThrow('3 targets of a window for 2 places')
  })
})
