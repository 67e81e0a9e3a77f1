import { describe, expect, it } from 'vitest'
import { moments } from '../../batches/extras/moments.ts'
import type { BatchShape } from '../../batches/kind.ts'
import { sequences } from '../../batches/sequences.ts'
import type { Window } from '../../batches/windows.ts'
import { cast } from '../../tensor/move.ts'
import { sizeOf, type Tensor } from '../../tensor/node.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { type Reading, visibility } from './visibility.ts'

const kind = sequences({
  maxLength: 6,
  stride: 6,
  targetWeights: [1, 1],
  mergeBehaviors: false,
  onePerPosition: true,
  userCount: 9,
}).with(moments())
// click 1, click 2 and favor 2 at one moment, click 3, favor 1
const history = {
  user: 4,
  item: Int32Array.of(1, 2, 2, 3, 1),
  behavior: Uint8Array.of(0, 0, 1, 0, 1),
  time: Float64Array.of(10, 20, 20, 30, 40),
}

const namesOf = (reading: Reading, name: string): Record<string, Tensor> => ({
  [`last.${name}`]: reading.last_BQL,
  [`before.${name}`]: reading.before_BQL,
  [`age.${name}`]: reading.age_BQ,
  [`any.${name}`]: cast(reading.any_P1, 'float32'),
})

/** The visibility of a batch, and what the batch itself was filled with. */
async function seenIn(
  windows: readonly Window[],
  shape: BatchShape,
  { wholeWindow = false, behaviors = 2, target = 1 } = {},
): Promise<Record<string, number[]>> {
  const { inputs, batch } = kind.declare(shape)
  const buffers: Record<string, Float32Array | BigInt64Array> = {}
  for (const [name, { shape: sizes, dtype }] of Object.entries(inputs)) {
    // What an earlier batch left must not stay.
    buffers[name] =
      dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)).fill(7n) : new Float32Array(sizeOf(sizes)).fill(7)
  }
  kind.fill(windows, shape, buffers)
  const {
    behavior_BL1,
    reading,
    anyReading,
    sharedReading,
    atPlaces: _,
    ...sight
  } = visibility(batch, {
    behaviors,
    target,
    wholeWindow,
  })
  const tensors: Record<string, Tensor> = {
    ...(sight as Omit<typeof sight, 'atPlaces'>),
    ...Object.fromEntries(behavior_BL1.map((events, behavior) => [`is.${behavior}`, events])),
    ...Object.assign({}, ...reading.map((one, behavior) => namesOf(one, String(behavior)))),
    ...namesOf(anyReading, 'all'),
    ...namesOf(sharedReading, 'shared'),
  }
  const found = await evaluateTensors(tensors, buffers)
  return Object.fromEntries(
    Object.entries({ ...buffers, ...found }).map(([name, values]) => [name, Array.from(values, Number)]),
  )
}

/** Rows of a bias as strings: x where the key is seen. */
const seen = (values: readonly number[] | undefined, length: number): string[] =>
  Array.from({ length: (values ?? []).length / length }, (_, row) =>
    (values ?? [])
      .slice(row * length, (row + 1) * length)
      .map((value) => (value === 0 ? 'x' : '.'))
      .join(''),
  )

describe('visibility', () => {
  const one: BatchShape = { rows: 1, length: 6, targets: 0 }

  it('lets events see what came before them, and be denoised by what came strictly before', async () => {
    const found = await seenIn([{ history, targets: [] }], one)
    expect(seen(found['own_BLL'], 6)).toEqual(['x.....', 'xx....', '..x...', 'xx.x..', '..x.x.', '......'])
    expect(seen(found['condition_BLL'], 6)).toEqual(['......', '......', '......', '..x...', '......', '......'])
    // Where no favor has come yet, the shared expert's clicks attend to clicks.
    expect(seen(found['shared_BLL'], 6)).toEqual(['x.....', '..x...', '..x...', '..x...', '..x.x.', '......'])
    expect(found['denoised_BL']).toEqual([0, 0, 0, 1, 0, 0])
    expect(found['denoisedWeight_BL']).toEqual([0, 0, 0, 1, 0, 0])
    expect(found['eventWeight_BL']?.map((weight) => Math.round(weight * 100))).toEqual([20, 20, 20, 20, 20, 0])
    expect([found['is.0'], found['is.1']]).toEqual([
      [1, 1, 0, 1, 0, 0],
      [0, 0, 1, 0, 1, 0],
    ])
  })

  it('lets all events see each other where a window has one target', async () => {
    const found = await seenIn([{ history, targets: [] }], one, { wholeWindow: true })
    expect(seen(found['own_BLL'], 6)).toEqual(['xx.x..', 'xx.x..', '..x.x.', 'xx.x..', '..x.x.', '......'])
    expect(seen(found['condition_BLL'], 6)).toEqual(['..x.x.', '..x.x.', '......', '..x.x.', '......', '......'])
    expect(seen(found['shared_BLL'], 6)).toEqual([...Array.from({ length: 5 }, () => '..x.x.'), '......'])
  })

  it('reads each target from the last click and the last favor before it', async () => {
    const targets = [
      { item: 5, behavior: 1, prefix: 1, weight: 1 },
      { item: 6, behavior: 1, prefix: 4, weight: 3 },
    ]
    const shape = { rows: 2, length: 6, targets: 3, targetsPerRow: 2 }
    const empty = {
      history: { user: 99, item: new Int32Array(0), behavior: new Uint8Array(0), time: new Float64Array(0) },
      targets: [],
    }
    const found = await seenIn([empty, { history, targets }], shape)
    expect(found['batch.userIndex']).toEqual([0, 4])
    expect(found['last.0']?.slice(12)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    expect(found['last.1']?.slice(12)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    // Of the fourth event, a click, and of the third, a favor, before the fifth.
    expect([found['age.0'], found['age.1'], found['age.shared']]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 0],
    ])
    expect(seen(found['before.0'], 6)).toEqual(['......', '......', 'x.....', 'xx.x..'])
    expect(seen(found['before.1'], 6)).toEqual(['......', '......', '......', '..x...'])
    // The third target only fills up and reads the empty history's first place.
    expect([found['any.0'], found['any.1'], found['any.shared']]).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 1, 0],
    ])
    expect(seen(found['sharedMemory_BQL'], 6)).toEqual(['......', '......', 'x.....', '..x...'])
    expect(found['last.shared']?.slice(12)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    // The ordered expert reads at the last event of any behavior.
    expect(found['last.all']?.slice(12)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    expect(seen(found['before.all'], 6)).toEqual(['......', '......', 'x.....', 'xxxx..'])
    expect(found['any.all']).toEqual([1, 1, 0])
    // No place knows of the target that only fills up: it has no gradient to take back.
    expect([found['batch.places'], found['batch.placesInverse']]).toEqual([
      [2, 3, 0],
      [3, 3, 0, 1],
    ])
    expect([found['batch.targets'], found['batch.weights']]).toEqual([
      [5, 6, 0],
      [0.25, 0.75, 0],
    ])
  })

  it('reads the last event of all auxiliary behaviors where there are several', async () => {
    // view, cart, buy, view: the target of the fifth event sees all four.
    const events = {
      user: 1,
      item: Int32Array.of(1, 2, 3, 4),
      behavior: Uint8Array.of(0, 1, 2, 0),
      time: Float64Array.of(1, 2, 3, 4),
    }
    const found = await seenIn([{ history: events, targets: [] }], one, { behaviors: 3, target: 2 })
    expect(found['last.shared']).toEqual([0, 0, 0, 1, 0, 0])
    expect([seen(found['before.shared'], 6), seen(found['sharedMemory_BQL'], 6)]).toEqual([['xx.x..'], ['..x...']])
    expect([found['age.0'], found['age.1'], found['age.2'], found['age.shared']]).toEqual([[0], [2], [1], [0]])
  })

  it('counts a last event of long ago as old as the oldest age that is told apart', async () => {
    const events = {
      user: 1,
      item: new Int32Array(40).fill(1),
      behavior: Uint8Array.from({ length: 40 }, (_, at) => (at === 0 ? 1 : 0)),
      time: Float64Array.from({ length: 40 }, (_, at) => at),
    }
    const found = await seenIn([{ history: events, targets: [] }], { rows: 1, length: 40, targets: 0 })
    expect([found['age.0'], found['age.1']]).toEqual([[0], [31]])
  })

  it('serves users with favors only and with nothing at all', async () => {
    const favors = { user: 1, item: Int32Array.of(3), behavior: Uint8Array.of(1), time: Float64Array.of(1) }
    const found = await seenIn([{ history: favors, targets: [] }], { rows: 2, length: 2, targets: 0 })
    expect([found['last.shared'], seen(found['before.shared'], 2), seen(found['sharedMemory_BQL'], 2)]).toEqual([
      [1, 0, 0, 0],
      ['x.', '..'],
      ['x.', '..'],
    ])
    expect([found['any.0'], found['any.1']]).toEqual([
      [0, 0],
      [1, 0],
    ])
  })

  it('has no auxiliary events where there is one behavior: the shared expert reads the target’s', async () => {
    const events = { ...history, behavior: new Uint8Array(5) }
    const found = await seenIn([{ history: events, targets: [] }], one, { behaviors: 1, target: 0 })
    expect([seen(found['before.shared'], 6), found['last.shared']]).toEqual([['xxxxx.'], [0, 0, 0, 0, 1, 0]])
  })

  it('refuses more targets than it has places for', async () => {
    const target = { item: 1, behavior: 1, prefix: 1, weight: 1 }
    await expect(
      seenIn([{ history, targets: [target, target] }], { rows: 1, length: 6, targets: 1, targetsPerRow: 1 }),
    ).rejects.toThrow('more than the 1 targets')
    await expect(
      seenIn([{ history, targets: [target, target] }], { rows: 1, length: 6, targets: 2, targetsPerRow: 1 }),
    ).rejects.toThrow('two targets of a batch read')
  })
})
