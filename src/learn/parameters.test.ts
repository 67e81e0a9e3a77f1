import { describe, expect, it } from 'vitest'
import { normal, zeros } from '../nn/init.ts'
import { parameter } from '../tensor/node.ts'
import { applyGradients, initialParameters } from './parameters.ts'

const table = parameter('table', [4, 2], normal(1))
const bias = parameter('bias', [2], zeros)

describe('parameters', () => {
  it('begin the same for one seed, whatever other parameters there are', () => {
    const alone = initialParameters([table], 7)
    const both = initialParameters([bias, table], 7)
    expect(alone.buffers.get('table')?.values).toEqual(both.buffers.get('table')?.values)
    expect(initialParameters([table], 8).buffers.get('table')?.values).not.toEqual(alone.buffers.get('table')?.values)
  })

  it('add rows of one id together, and leave untouched rows of a sparse table as they were', () => {
    const state = initialParameters([table], 1)
    const buffers = state.buffers.get('table')!
    const before = Float32Array.from(buffers.values)
    buffers.gradient.fill(99)
    const rows = { ids: BigInt64Array.of(2n, 0n, 2n), rows: Float32Array.of(1, 2, -3, 4, 5, -6) }
    applyGradients(state, [{ name: 'table', dense: false, sparse: [rows] }], { learningRate: 0.1 })
    expect([...buffers.gradient.subarray(4, 6)]).toEqual([6, -4])
    expect([...buffers.gradient.subarray(0, 2)]).toEqual([-3, 4])
    expect(buffers.values.subarray(2, 4)).toEqual(before.subarray(2, 4))
    expect(buffers.values.subarray(6, 8)).toEqual(before.subarray(6, 8))
    expect(buffers.values[4]).toBeCloseTo((before[4] as number) - 0.1, 5)
    expect(state.step).toBe(1)
  })

  it('add rows to a dense gradient where both arrive', () => {
    const state = initialParameters([table], 1)
    const buffers = state.buffers.get('table')!
    buffers.gradient.fill(1)
    applyGradients(
      state,
      [{ name: 'table', dense: true, sparse: [{ ids: BigInt64Array.of(1n, 1n), rows: Float32Array.of(1, 1, 1, 1) }] }],
      {
        learningRate: 0.1,
      },
    )
    expect([...buffers.gradient]).toEqual([1, 1, 3, 3, 1, 1, 1, 1])
  })
})
