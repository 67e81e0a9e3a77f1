import { expect, it } from 'vitest'
import type { BatchShape, InputBuffers } from '../kind.ts'
import { sequences } from '../sequences.ts'
import { targetBehaviors } from './target-behaviors.ts'

it('the behavior of each target is told, and 0 of rows that only fill up', () => {
  const settings = { maxLength: 2, stride: 2, targetWeights: [1, 1], mergeBehaviors: false, onePerPosition: true }
  const kind = sequences(settings).with(targetBehaviors())
  const history = { user: 1, item: Int32Array.of(3, 1), behavior: new Uint8Array(2), time: Float64Array.of(1, 2) }
  const targets = [
    { item: 1, prefix: 1, behavior: 1, weight: 1 },
    { item: 2, prefix: 2, behavior: 0, weight: 1 },
  ]
  const shape: BatchShape = { rows: 1, length: 2, targets: 4, targetsPerRow: 4 }
  const into = new BigInt64Array(4).fill(9n)
  const buffers: InputBuffers = { 'batch.targetBehaviors': into }
  kind.fill([{ history, targets }], shape, buffers)
  expect([...into]).toEqual([2n, 1n, 0n, 0n])
})
