import { describe, expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { sizeOf } from '../../tensor/node.ts'
import { sequences } from '../sequences.ts'
import type { Window, WindowTarget } from '../windows.ts'
import { drawnPlaces, lastTargets } from './histories.ts'

const settings = { maxLength: 4, stride: 4, targetWeights: [1], mergeBehaviors: true, onePerPosition: true }
const windowOf = (items: readonly number[], targets: readonly (readonly [prefix: number, item: number])[]): Window => ({
  history: {
    user: 1,
    item: Int32Array.from(items),
    behavior: new Uint8Array(items.length),
    time: Float64Array.from(items.keys()),
  },
  targets: targets.map(([prefix, item]): WindowTarget => ({ item, prefix, behavior: 0, weight: 1 })),
})
const windows = [
  windowOf(
    [3, 1, 4, 1],
    [
      [4, 5],
      [2, 4],
    ].toReversed() as [number, number][],
  ),
  windowOf([2, 6], [
    [2, 8],
    [1, 6],
  ] as [number, number][]),
]
const shape = { rows: 3, length: 4, targets: 6, targetsPerRow: 3 }

/** Inputs of a training batch of the windows, by name. */
function filled(share = 0.5, seed = 1): Record<string, number[]> {
  const kind = sequences(settings).with(lastTargets()).with(drawnPlaces(share))
  const buffers = Object.fromEntries(
    Object.entries(kind.declare(shape).inputs).map(([name, { dtype, shape: sizes }]) => [
      name,
      dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)) : new Float32Array(sizeOf(sizes)),
    ]),
  )
  kind.fill(windows, shape, buffers, { random: randomStream(seed), data: {} as never })
  return Object.fromEntries(
    Object.entries(buffers).map(([name, values]) => [name.replace('batch.', ''), Array.from(values as never, Number)]),
  )
}

describe('the last target of each window', () => {
  it('is the one that sees most, whatever their order; rows that fill up have weight 0 and slots of their own', () => {
    const found = filled()
    // Targets are numbered window by window: the first window's second sees four events, the second's first two.
    expect(found['lastTargets']).toEqual([1, 2, 0])
    expect(found['lastTargetsInverse']).toEqual([3, 0, 1, 3, 3, 3])
    expect(found['lastTargets.event']).toEqual([3, 1, 0])
    expect(found['lastTargets.item']).toEqual([5, 8, 0])
    expect(found['lastTargets.weight']).toEqual([0.5, 0.5, 0])
  })
})

describe('drawn places', () => {
  it('are a share of a history, rounded down, and others with another stream', () => {
    const rows = (places: readonly number[] = []): number[][] => [0, 4, 8].map((from) => places.slice(from, from + 4))
    const counts = (share: number): number[] =>
      rows(filled(share)['drawnPlaces']).map((row) => row.reduce((sum, one) => sum + one, 0))
    expect(counts(0.5)).toEqual([2, 1, 0])
    expect(counts(0.3)).toEqual([1, 0, 0])
    expect(counts(1)).toEqual([4, 2, 0])
    const drawn = new Set([1, 2, 3, 4, 5, 6].map((seed) => JSON.stringify(filled(0.5, seed)['drawnPlaces'])))
    expect(drawn.size).toBeGreaterThan(1)
  })
})
