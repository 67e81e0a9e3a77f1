import { describe, expect, it } from 'vitest'
import type { Window } from '../../batches/windows.ts'
import { sizeOf } from '../../tensor/node.ts'
import type { BatchShape } from '../contract/model.ts'
import { fillBatch } from './fill.ts'
import { byName, graphInputs, type Layout } from './inputs.ts'

const layout: Layout = { behaviors: 2, target: 1, userCount: 9, wholeWindow: false }
// click 1, click 2 and favor 2 at one moment, click 3, favor 1
const history = {
  user: 4,
  item: Int32Array.of(1, 2, 2, 3, 1),
  behavior: Uint8Array.of(0, 0, 1, 0, 1),
  time: Float64Array.of(10, 20, 20, 30, 40),
}

function filled(
  windows: readonly Window[],
  shape: BatchShape,
  changed: Partial<Layout> = {},
): Record<string, number[]> {
  const settings = { ...layout, ...changed }
  const buffers: Record<string, Float32Array | BigInt64Array> = {}
  for (const [name, { shape: sizes, dtype }] of Object.entries(byName(graphInputs(settings, shape)))) {
    // What an earlier batch left must not stay.
    buffers[name] =
      dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)).fill(7n) : new Float32Array(sizeOf(sizes)).fill(7)
  }
  fillBatch(settings, windows, shape, buffers)
  return Object.fromEntries(Object.entries(buffers).map(([name, values]) => [name, Array.from(values, Number)]))
}

/** Rows of a bias as strings: x where the key is seen. */
const seen = (values: readonly number[] | undefined, length: number): string[] =>
  Array.from({ length: (values ?? []).length / length }, (_, row) =>
    (values ?? [])
      .slice(row * length, (row + 1) * length)
      .map((value) => (value === 0 ? 'x' : '.'))
      .join(''),
  )

describe('fillBatch', () => {
  const one: BatchShape = { rows: 1, length: 6, targets: 0 }

  it('lets events see what came before them, and be denoised by what came strictly before', () => {
    const { own, condition, shared, denoised, denoisedWeights, eventWeights, flags } = filled(
      [{ history, targets: [] }],
      one,
    )
    expect(seen(own, 6)).toEqual(['x.....', 'xx....', '..x...', 'xx.x..', '..x.x.', '......'])
    expect(seen(condition, 6)).toEqual(['......', '......', '......', '..x...', '......', '......'])
    // Where no favor has come yet, the shared expert's clicks attend to clicks.
    expect(seen(shared, 6)).toEqual(['x.....', '..x...', '..x...', '..x...', '..x.x.', '......'])
    expect(denoised).toEqual([0, 0, 0, 1, 0, 0])
    expect(denoisedWeights).toEqual([0, 0, 0, 1, 0, 0])
    expect(eventWeights?.map((weight) => Math.round(weight * 100))).toEqual([20, 20, 20, 20, 20, 0])
    expect(flags).toEqual([1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0])
  })

  it('lets all events see each other where a window has one target', () => {
    const { condition, shared } = filled([{ history, targets: [] }], one, { wholeWindow: true })
    expect(seen(condition, 6)).toEqual(['..x.x.', '..x.x.', '......', '..x.x.', '......', '......'])
    expect(seen(shared, 6)).toEqual([...Array.from({ length: 5 }, () => '..x.x.'), '......'])
  })

  it('reads each target from the last click and the last favor before it', () => {
    const targets = [
      { item: 5, behavior: 1, prefix: 1, weight: 1 },
      { item: 6, behavior: 1, prefix: 4, weight: 3 },
    ]
    const shape = { rows: 2, length: 6, targets: 3, targetsPerRow: 2 }
    const empty = {
      history: { user: 99, item: new Int32Array(0), behavior: new Uint8Array(0), time: new Float64Array(0) },
      targets: [],
    }
    const inputs = filled([empty, { history, targets }], shape)
    expect(inputs['userIndex']).toEqual([0, 4])
    expect(inputs['last.0']?.slice(12)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    expect(inputs['last.1']?.slice(12)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    // Of the fourth event, a click, and of the third, a favor, before the fifth.
    expect([inputs['age.0'], inputs['age.1'], inputs['common.age']]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 0],
    ])
    expect(seen(inputs['read.0'], 6).slice(2)).toEqual(['x.....', 'xx.x..'])
    expect(seen(inputs['read.1'], 6).slice(2)).toEqual(['......', '..x...'])
    expect([inputs['seen.0'], inputs['seen.1'], inputs['common.seen']]).toEqual([
      [0, 0, 1, 1],
      [0, 0, 0, 1],
      [0, 0, 1, 1],
    ])
    expect(seen(inputs['common.cross'], 6).slice(2)).toEqual(['x.....', '..x...'])
    expect([inputs['places'], inputs['placesInverse']]).toEqual([
      [2, 3, 0],
      [2, 3, 0, 1],
    ])
    expect([inputs['targets'], inputs['weights']]).toEqual([
      [5, 6, 0],
      [0.25, 0.75, 0],
    ])
  })

  it('serves users with favors only and with nothing at all', () => {
    const favors = { user: 1, item: Int32Array.of(3), behavior: Uint8Array.of(1), time: Float64Array.of(1) }
    const inputs = filled([{ history: favors, targets: [] }], { rows: 2, length: 2, targets: 0 })
    expect([inputs['common.last'], seen(inputs['common.read'], 2), seen(inputs['common.cross'], 2)]).toEqual([
      [1, 0, 0, 0],
      ['x.', '..'],
      ['x.', '..'],
    ])
    expect([inputs['seen.0'], inputs['seen.1']]).toEqual([
      [0, 0],
      [1, 0],
    ])
  })

  it('refuses more targets than it has places for', () => {
    const target = { item: 1, behavior: 1, prefix: 1, weight: 1 }
    expect(() =>
      filled([{ history, targets: [target, target] }], { rows: 1, length: 6, targets: 1, targetsPerRow: 1 }),
    ).toThrow('2 targets')
  })
})
