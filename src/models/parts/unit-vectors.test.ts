import { expect, it } from 'vitest'
import { unitVectors } from './unit-vectors.ts'

it('unitVectors divides by lengths, for all items or some, and leaves zeros', () => {
  const table = { width: 2, vectors: Float32Array.of(0, 0, 3, 4, 0, -2), present: Uint8Array.of(0, 1, 1) }
  expect([...unitVectors(table)]).toEqual([0, 0, 0.6, 0.8, 0, -1].map(Math.fround))
  expect([...unitVectors(table, [2])]).toEqual([0, -1])
})
