import { expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { lastTwo } from '../../testing/ranking/index.ts'
import { historyOf } from '../../testing/ranking/scores.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { sequences } from '../sequences.ts'
import { shortened } from './shortened.ts'

const events = [1, 2].flatMap((user) =>
  Array.from({ length: user === 1 ? 3 : 8 }, (_, step): TinyEvent => [user, 1 + step, 'click', step]),
)
const dataset = tinyDataset({ events, behaviors: ['click'] })
const settings = { maxLength: 4, stride: 4, targetWeights: [1], mergeBehaviors: true, onePerPosition: true }

it('cuts a share of the histories of warm users to few events, and none when serving', () => {
  const kind = sequences(settings).with(shortened({ share: 0.25, most: 3, warmEvents: 5 }))
  const rows = 800
  const windows = Array.from({ length: rows }, (_, row) => ({
    history: historyOf([1, 2], { user: 1 + (row % 2) }),
    targets: [{ item: 3, behavior: 0, prefix: 2, weight: 1 }],
  }))
  const buffers = { 'batch.cut': new Float32Array(rows).fill(9), 'batch.left': new Float32Array(rows).fill(9) }
  const shape = { rows, length: 4, targets: rows, targetsPerRow: 1 }
  kind.fill(windows, shape, buffers, { random: randomStream(1, 'cut'), data: { dataset, split: lastTwo(dataset) } })
  const cut = [...buffers['batch.cut'].keys()].filter((row) => buffers['batch.cut'][row] === 1)
  expect(cut.every((row) => row % 2 === 1)).toBe(true)
  expect(cut.length / (rows / 2)).toBeGreaterThan(0.2)
  expect(cut.length / (rows / 2)).toBeLessThan(0.3)
  expect(new Set(cut.map((row) => buffers['batch.left'][row]))).toEqual(new Set([0, 1, 2, 3]))
  kind.fill(windows, { rows, length: 4, targets: 0 }, buffers)
  expect(Math.max(...buffers['batch.cut'], ...buffers['batch.left'])).toBe(0)
})
