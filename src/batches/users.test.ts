import { expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { evaluateTensor } from '../testing/evaluate-tensor.ts'
import { lastTwo } from '../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset, tinyField } from '../testing/tiny-dataset.ts'
import type { TrainingData } from './kind.ts'
import { featureGroups, users, warmUsers } from './users.ts'

/** User u has u + 2 events, of which two are held out. */
const events = Array.from({ length: 24 }, (_, at) => at + 1).flatMap((user) =>
  Array.from({ length: user + 2 }, (_, step): TinyEvent => [user, 1 + ((3 * user + step) % 5), 'click', step]),
)
const dataset = {
  ...tinyDataset({ events, behaviors: ['click'] }),
  users: {
    fields: { town: tinyField(Array.from({ length: 24 }, (_, at) => 1 + (at % 2))) },
    numbers: { age: Float32Array.from({ length: 25 }, (_, user) => (user > 20 ? Number.NaN : 30)) },
  },
}
const data: TrainingData = { dataset, split: lastTwo(dataset) }

it('are those with enough training events; every tenth is held out', () => {
  const { all, trained, heldOut } = warmUsers(data, { warmEvents: 4 })
  expect([...all]).toEqual(Array.from({ length: 21 }, (_, at) => at + 4))
  expect([...heldOut]).toEqual([13, 23])
  expect(trained.length).toBe(19)
  expect(() => warmUsers(data, { warmEvents: 24 })).toThrow(
    'tiny: empty: 1 users with 24 training events or more, expected at least two, whose features and histories are compared',
  )
})

it('are grouped by what is known of them', () => {
  const byField = featureGroups(data, { firstEvents: 0 })
  expect(new Set(byField.subarray(1)).size).toBe(4)
  expect(byField[1]).toBe(byField[3])
  expect(byField[1]).not.toBe(byField[2])
  expect(byField[23]).toBe(byField[21])
  expect(byField[23]).not.toBe(byField[19])
  // Users 2 and 7 have the same first items, and user 2 has no third; order does not count.
  const byItems = featureGroups(data, { firstEvents: 2 })
  expect(byItems[2]).toBe(byItems[7])
  expect(byItems[2]).not.toBe(byItems[3])
})

it('come once an epoch, those that fill up with no weight', async () => {
  const kind = users({ warmEvents: 4, firstEvents: 2, atOnce: 10 })
  const batches = kind.training(data, { slug: 'tiny', batchSize: 2, seed: 1 })
  expect(batches.size).toBe('19 users')
  const [shape] = batches.shapes as [(typeof batches.shapes)[number]]
  const { inputs, batch } = kind.declare(shape)
  const seen: number[] = []
  for (const one of batches.epoch(1)) {
    const buffers = Object.fromEntries(
      Object.entries(inputs).map(([name, { dtype, shape: sizes }]) => {
        const size = sizes.reduce((product, length) => product * length, 1)
        return [name, dtype === 'int64' ? new BigInt64Array(size) : new Float32Array(size)]
      }),
    )
    const count = one.fill(buffers, randomStream(1, 'fill'))
    const weights = await evaluateTensor(batch.weight_B, buffers)
    expect(weights.filter((weight) => weight > 0)).toHaveLength(count)
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6)
    const found = await evaluateTensor(batch.user_B, buffers)
    seen.push(...found.slice(0, count))
    const first = Array.from(buffers['batch.first'] as BigInt64Array, Number)
    expect(first.slice(0, 2)).toEqual([1 + ((3 * (found[0] as number)) % 5), 1 + ((3 * (found[0] as number) + 1) % 5)])
    const alike = await evaluateTensor(batch.alike_BB, buffers)
    for (let row = 0; row < 10; row++) expect(alike[11 * row]).toBe(1)
  }
  expect(seen.sort((a, b) => a - b)).toEqual([...warmUsers(data, { warmEvents: 4 }).trained])
})
