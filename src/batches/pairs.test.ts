import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { lastTwo } from '../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { joined } from './joined.ts'
import type { InputBuffers, TrainingBatches } from './kind.ts'
import { type PairSettings, pairs } from './pairs.ts'

// Two users of four items each, of twelve; the last two events of each are held out.
const events = [1, 2].flatMap((user) =>
  [0, 1, 2, 3, 4, 5].map((at): TinyEvent => [user, 6 * (user - 1) + at + 1, at % 2 === 0 ? 'click' : 'favorite', at]),
)
const dataset = tinyDataset({ events })
const data = { dataset, split: lastTwo(dataset) }
const settings = { slug: 'test', batchSize: 3, seed: 1 }

/** The rows of an epoch: pair, user, item and the items beside. */
function rowsOf(batches: TrainingBatches, epoch = 1): number[][] {
  return batches.epoch(epoch).flatMap((batch, at) => {
    const { shape } = batch
    const whole = (size: number) => new BigInt64Array(shape.rows * size)
    const buffers = {
      'batch.pair': whole(1),
      'batch.user': whole(1),
      'batch.item': whole(1),
      'batch.negatives': whole(2),
    }
    const count = batch.fill(buffers, randomStream(at))
    return Array.from({ length: count }, (_, row) =>
      [
        ...[buffers['batch.pair'], buffers['batch.user'], buffers['batch.item']].map((values) => values[row] as bigint),
        ...buffers['batch.negatives'].subarray(2 * row, 2 * row + 2),
      ].map(Number),
    )
  })
}
const ofKind = (more: Partial<PairSettings>, memory?: Record<string, { data: Float32Array }>): TrainingBatches =>
  pairs(2, { maxLength: 4, beside: 2, ...more }).training(data, { ...settings, ...(memory && { memory }) })
const numbers = (rows: readonly number[][]): number[] => rows.map(([pair]) => pair as number).sort((a, b) => a - b)

describe('pairs', () => {
  it('come once an epoch, beside items that their users never touched, the same whenever they are filled', () => {
    const rows = rowsOf(ofKind({}))
    expect(numbers(rows)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    for (const [, user, item, ...beside] of rows) {
      const first = user === 1 ? 1 : 7
      const last = first + 3
      expect(item).toBeGreaterThanOrEqual(first)
      expect(item).toBeLessThanOrEqual(last)
      for (const other of beside) expect(other < first || other > last).toBe(true)
    }
    expect(rowsOf(ofKind({}))).toEqual(rows)
    expect(rowsOf(ofKind({}), 2)).not.toEqual(rows)
  })

  it('are those that the memory marks, in an order and beside items of their own; all where it marks none', () => {
    const marks = Float32Array.of(0, 1, 0, 1, 1, 0, 0, 1)
    const memory = { marked: { data: marks } }
    const batches = ofKind({ among: 'marked' }, memory)
    expect(numbers(rowsOf(batches))).toEqual([1, 3, 4, 7])
    // The memory is read when an epoch begins.
    marks[0] = 1
    expect(numbers(rowsOf(batches, 2))).toEqual([0, 1, 3, 4, 7])
    marks.fill(0)
    expect(numbers(rowsOf(batches, 3))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(rowsOf(batches)).not.toEqual(rowsOf(ofKind({})))
    expect(batches.size).toBe('some of 8 pairs')
  })

  it('are at most so many at once, and those of the target behavior alone where they are asked for', () => {
    expect(ofKind({ atOnce: 2 }).shapes).toEqual([{ rows: 2, length: 4, targets: 2 }])
    expect(
      rowsOf(ofKind({ behaviors: 'target' }))
        .map(([, , item]) => item)
        .sort((a = 0, b = 0) => a - b),
    ).toEqual([2, 4, 8, 10])
  })

  it('go round beside others', () => {
    const memory = { marked: { data: Float32Array.of(1, 1, 0, 0, 0, 0, 0, 0) } }
    const kind = joined({ noisy: pairs(2, { maxLength: 4 }), clean: pairs(2, { maxLength: 4, among: 'marked' }) })
    const epoch = kind.training(data, { ...settings, memory }).epoch(1)
    const filled = epoch.map((batch) => {
      const buffers: InputBuffers = { 'batch.clean.pair': new BigInt64Array(batch.shape.joined?.['clean']?.rows ?? 0) }
      batch.fill(buffers, randomStream(1))
      return [...(buffers['batch.clean.pair'] as BigInt64Array)].map(Number)
    })
    // The first pair of a batch fills up what is left.
    expect(filled.map((pairs) => [...new Set(pairs)].sort((a, b) => a - b))).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ])
  })
})
