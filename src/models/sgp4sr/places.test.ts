import { describe, expect, it } from 'vitest'
import type { BatchShape } from '../../batches/kind.ts'
import type { Window } from '../../batches/windows.ts'
import { constant, sizeOf } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { sgp4srConfig } from './config.ts'
import { sgp4sr } from './sgp4sr.ts'
import { readPlaces } from './streams.ts'

const window = (items: readonly number[], prefixes: readonly number[]): Window => ({
  history: {
    user: 1,
    item: Int32Array.from(items),
    behavior: new Uint8Array(items.length),
    time: Float64Array.from(items.keys()),
  },
  targets: prefixes.map((prefix) => ({ item: 10 * prefix, behavior: 0, prefix, weight: prefix })),
})

const config = sgp4srConfig.parse({ withoutBoth: true, maxLength: 3 })
const { batches } = sgp4sr.build(config, bareCatalog({ itemCount: 40 }))

/** What fills the inputs that SGP4SR reads. */
function filled(windows: readonly Window[], shape: BatchShape): Record<string, number[]> {
  const names = ['history', 'seen', ...(shape.targets > 0 ? ['places', 'placesInverse', 'targets', 'weights'] : [])]
  const { inputs } = batches.declare(shape)
  const buffers = Object.fromEntries(
    names.map((name) => {
      const { dtype, shape: sizes } = inputs[`batch.${name}`] as NonNullable<(typeof inputs)[string]>
      const size = sizeOf(sizes)
      return [`batch.${name}`, dtype === 'int64' ? new BigInt64Array(size).fill(7n) : new Float32Array(size).fill(7)]
    }),
  )
  batches.fill(windows as never, shape, buffers)
  return Object.fromEntries(
    names.map((name) => [name, Array.from<number | bigint, number>(buffers[`batch.${name}`] ?? [], Number)]),
  )
}

describe('the batches of SGP4SR', () => {
  it('name the place of each target and the target of each place', () => {
    const shape = { rows: 3, length: 3, targets: 4, targetsPerRow: 2 }
    expect(filled([window([1, 2, 3], [1, 3]), window([4, 5], [2])], shape)).toEqual({
      history: [1, 2, 3, 4, 5, 0, 0, 0, 0],
      seen: [1, 3, 2, 0, 0, 0],
      // The fourth target is padding: it reads a place that none has taken.
      places: [0, 1, 2, 3],
      placesInverse: [0, 1, 2, 4, 4, 4],
      targets: [10, 30, 20, 0],
      weights: [1 / 6, 3 / 6, 2 / 6, 0].map(Math.fround),
    })
  })

  it('see the whole of a served history, and nothing of an empty one', () => {
    expect(filled([window([4, 5], []), window([], [])], { rows: 2, length: 3, targets: 0 })).toEqual({
      history: [4, 5, 0, 0, 0, 0],
      seen: [2, 0],
    })
  })

  it('refuse more targets than there is room for', () => {
    const shape = { rows: 1, length: 3, targets: 2, targetsPerRow: 2 }
    expect(() => filled([window([1, 2, 3], [1, 2, 3])], shape)).toThrow('more than the 2 targets it has room for')
  })
})

describe('the places of SGP4SR', () => {
  const { at_BQL, hidden_BQL } = readPlaces(constant(BigInt64Array.of(3n, 1n, 0n), [1, 3]), 4)

  it('are the last event that each sees, and the padding of an empty history', async () => {
    expect(await evaluateTensor(at_BQL)).toEqual([0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0])
  })

  it('see no position after their own', async () => {
    const seen = (await evaluateTensor(hidden_BQL)).map((bias) => bias === 0)
    expect(seen).toEqual([true, true, true, false, true, false, false, false, true, false, false, false])
  })
})
