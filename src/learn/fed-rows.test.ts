import { describe, expect, it } from 'vitest'
import { ranksHere } from '../../test/fixtures/ranks-here.ts'
import { zeros } from '../nn/init.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { add, mul } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat } from '../tensor/move.ts'
import { input, parameter, stopGradient } from '../tensor/node.ts'
import { rows } from '../tensor/rows.ts'
import { fedGraph, fedProgram, tableReads } from './fed-rows.ts'
import { sharedRows } from './held-rows.ts'
import { initialParameters } from './parameters.ts'

const table = parameter('item', [40, 2], zeros)
const bias = parameter('bias', [2], zeros)
const [some, more] = [input('some', [3], 'int64'), input('more', [1], 'int64')]
const names = new Set(['item'])

describe('reading a table', () => {
  it('is found where rows are read, also behind an alias, with whatever gives their numbers', () => {
    const both = concat([some, more], 0)
    const { reads, whole } = tableReads([mul(add(rows(table, some), bias), 2), rows(stopGradient(table), both)], names)
    expect(reads.map(({ table: of, ids, name }) => [of, ids, name])).toEqual([
      ['item', some, 'read.0'],
      ['item', both, 'read.1'],
    ])
    expect(whole).toEqual([])
  })

  it('is told by its operator where all of the table is read', () => {
    expect(tableReads([matmul(rows(table, some), table, { transposeB: true })], names).whole).toEqual(['FusedMatMul'])
    expect(tableReads([mul(stopGradient(table), 2)], names).whole).toEqual(['Mul'])
    expect(tableReads([table], names).whole).toEqual(['Identity'])
    expect(tableReads([mul(bias, 2)], names).whole).toEqual([])
  })
})

describe('a program that is fed rows', () => {
  it('computes what it would with the whole table, whatever the others read or not', async () => {
    const outputs = { sum: add(rows(table, some), rows(table, more)) }
    const asked = [{ some: [39, 1, 39], more: [2] }, undefined, { some: [0, 0, 5], more: [7] }]
    const found = await Promise.all(
      ranksHere(3).map(async (ranks, rank) => {
        const state = initialParameters([table], 1, new Map([['item', sharedRows(ranks)]]))
        const { held, values } = state.buffers.get('item')!
        held.keep(
          values,
          Float32Array.from({ length: 80 }, (_, at) => at),
          { first: 0, width: 2 },
        )
        const fed = fedGraph(outputs, names)
        expect([...fed.graph.inputs.keys()]).toEqual(['read.0', 'read.1'])
        await using program = await fedProgram(fed, { state, runtime: nodeRuntime({ threads: 1 }) })
        const own = asked[rank]
        for (const [name, ids] of Object.entries(own ?? {})) program.bind(name, BigInt64Array.from(ids, BigInt))
        await program.read(own !== undefined)
        if (own) await program.run()
        return own && [...(program.outputs['sum'] as Float32Array)]
      }),
    )
    expect(found).toEqual([[78 + 4, 79 + 5, 2 + 4, 3 + 5, 78 + 4, 79 + 5], undefined, [14, 16, 14, 16, 24, 26]])
  })

  it('is the program itself where every row is here', async () => {
    const fed = fedGraph({ sum: add(rows(table, some), rows(table, more)) }, new Set())
    expect([fed.reads, fed.ids, [...fed.graph.inputs.keys()].sort()]).toEqual([[], undefined, ['item', 'more', 'some']])
  })
})
