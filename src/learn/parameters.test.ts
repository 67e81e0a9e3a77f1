import { describe, expect, it } from 'vitest'
import { normal, zeros } from '../nn/init.ts'
import { adam } from '../optim/adam.ts'
import { sgd } from '../optim/sgd.ts'
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
    applyGradients(state, [{ name: 'table', dense: false, sparse: [rows] }], adam(), 0.1)
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
      adam(),
      0.1,
    )
    expect([...buffers.gradient]).toEqual([1, 1, 3, 3, 1, 1, 1, 1])
  })

  it('have rates of their own where the optimizer says so, and its rate before the run’s', () => {
    const state = initialParameters([table, bias], 1)
    const before = (name: string): Float32Array => Float32Array.from(state.buffers.get(name)!.values)
    const [tableBefore, biasBefore] = [before('table'), before('bias')]
    for (const { gradient } of state.buffers.values()) gradient.fill(1)
    const rateOf = (name: string): number => (name === 'bias' ? 0.1 : 1)
    const parts = ['table', 'bias'].map((name) => ({ name, dense: true, sparse: [] }))
    applyGradients(state, parts, sgd({ learningRate: 0.5, rateOf }), 100)
    expect(before('table')[0]).toBeCloseTo((tableBefore[0] as number) - 0.5, 6)
    expect(before('bias')[0]).toBeCloseTo((biasBefore[0] as number) - 0.05, 6)
  })

  it('have a rate that follows the epoch where the optimizer says so', () => {
    const state = initialParameters([bias], 1)
    const { values, gradient } = state.buffers.get('bias')!
    gradient.fill(1)
    const parts = [{ name: 'bias', dense: true, sparse: [] }]
    const optimizer = sgd({ rateOf: (_, epoch) => epoch })
    applyGradients(state, parts, optimizer, 0.1, 3)
    applyGradients(state, parts, optimizer, 0.1)
    expect(values[0]).toBeCloseTo(-0.4, 6)
  })

  it('follow gradients that are clipped to one length together, rows that nothing touched left out', () => {
    const state = initialParameters([table, bias], 1)
    const [rows, all] = [state.buffers.get('table')!, state.buffers.get('bias')!]
    const [rowsBefore, allBefore] = [Float32Array.from(rows.values), Float32Array.from(all.values)]
    // Not counted: a table with sparse rows alone has no gradient elsewhere.
    rows.gradient.fill(99)
    all.gradient.set([0, 4])
    const sparse = [{ ids: BigInt64Array.of(1n), rows: Float32Array.of(3, 0) }]
    const parts = [
      { name: 'table', dense: false, sparse },
      { name: 'bias', dense: true, sparse: [] },
    ]
    // (3, 0) and (0, 4) are 5 long together: a fifth of each is 1 long.
    applyGradients(state, parts, sgd({ clipNorm: 1 }), 1)
    expect(rows.values[2]).toBeCloseTo((rowsBefore[2] as number) - 0.6, 6)
    expect(all.values[1]).toBeCloseTo((allBefore[1] as number) - 0.8, 6)
    expect(rows.values[0]).toBe(rowsBefore[0])
  })

  it('shrink the rows that a step read, where embeddings are penalized, and no others', () => {
    const state = initialParameters([table, bias], 1)
    const [rows, all] = [state.buffers.get('table')!, state.buffers.get('bias')!]
    rows.values.set([1, 2, 4, 8, 1, 1, 1, 1])
    all.values.set([3, 3])
    all.gradient.set([0, 0])
    const sparse = [{ ids: BigInt64Array.of(1n, 1n), rows: Float32Array.of(0.5, 0, 0.5, 0) }]
    const parts = [
      { name: 'table', dense: false, sparse },
      { name: 'bias', dense: true, sparse: [] },
    ]
    // Row 1 is read twice and penalized once: its gradient is (1, 0) and a quarter of (4, 8).
    applyGradients(state, parts, sgd({ rowPenalty: 0.25 }), 1)
    expect([...rows.values]).toEqual([1, 2, 4 - 1 - 1, 8 - 2, 1, 1, 1, 1])
    expect([...all.values]).toEqual([3, 3])
  })
})
