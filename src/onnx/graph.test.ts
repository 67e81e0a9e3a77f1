import { describe, expect, it } from 'vitest'
import { compile } from '../runtime/node.ts'
import { add, mul } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { constant, input, parameter, stopGradient, type Tensor } from '../tensor/node.ts'
import { layerNorm } from '../tensor/normalize.ts'
import { buildGraph, operationsOf } from './graph.ts'

const x = input('x', [1, 2])
const weight = parameter('weight', [2, 2], () => {})
const bias = parameter('bias', [2], () => {})
const served = add(matmul(x, weight), bias)

describe('buildGraph', () => {
  it('states inputs and parameters by name', () => {
    const graph = buildGraph({ y: served })
    expect([...graph.inputs.keys()]).toEqual(['x', 'weight', 'bias'])
    expect(graph.parameters).toEqual([weight, bias])
  })

  it('leaves out what no output needs', () => {
    expect([...buildGraph({ y: mul(x, 2) }).inputs.keys()]).toEqual(['x'])
  })

  it('runs with only the stated inputs when parameters are baked in, views with an offset included', async () => {
    const stored = Float32Array.of(9, 9, 1, 2, 3, 4, 10, 20)
    const bake = new Map([
      ['weight', stored.subarray(2, 6)],
      ['bias', stored.subarray(6)],
    ])
    const graph = buildGraph({ y: served }, { bake })
    expect([[...graph.inputs.keys()], graph.parameters]).toEqual([['x'], []])
    await using program = await compile(graph, { threads: 1 })
    program.bind('x', Float32Array.of(1, 1))
    await program.run()
    expect(Array.from(program.outputs['y']!, Number)).toEqual([14, 26])
  })

  it('gives one tensor under several names, an input as an output, an alias and a constant', async () => {
    const doubled = mul(x, 2)
    const graph = buildGraph({
      first: doubled,
      second: doubled,
      same: x,
      stopped: stopGradient(x),
      fixed: constant(BigInt64Array.of(7n), [1]),
    })
    await using program = await compile(graph, { threads: 1 })
    program.bind('x', Float32Array.of(1, 2))
    await program.run()
    const values = Object.fromEntries(
      Object.entries(program.outputs).map(([name, buffer]) => [name, Array.from(buffer, Number)]),
    )
    expect(values).toEqual({ first: [2, 4], second: [2, 4], same: [1, 2], stopped: [1, 2], fixed: [7] })
  })

  it('refuses an output named as an input, and names that its own constants and steps have', () => {
    expect(() => buildGraph({ x: mul(x, 2) })).toThrow('"x" is the name of two values: an input and an output')
    // The runtime would feed the constant what the input was bound to, or refuse the graph in words of its own.
    for (const name of ['c0', 't0']) {
      const taken = input(name, [])
      expect(() => buildGraph({ y: add(mul(taken, 2), 5) })).toThrow(`"${name}" is the name of two values`)
    }
  })

  it('refuses two inputs of one name, baked ones too, and a baked parameter of another size', () => {
    const other = parameter('weight', [3], () => {})
    expect(() => buildGraph({ y: mul(x, 1), z: mul(input('x', [1, 2]), 1) })).toThrow('two inputs are named "x"')
    const bake = new Map([['weight', new Float32Array(4)]])
    expect(() => buildGraph({ y: served, z: other }, { bake })).toThrow('two inputs are named "weight"')
    expect(() => buildGraph({ z: other }, { bake })).toThrow('"weight" is baked with 4 values, its shape [3] needs 3')
  })
})

describe('operationsOf', () => {
  it('orders operations so that each comes after what it reads, once', () => {
    const [a, b] = [mul(x, 2), layerNorm(x, bias, bias)]
    const order = operationsOf([add(add(a, b), mul(a, b)), a])
    for (const [at, { inputs }] of order.entries()) {
      const before = order.slice(0, at).flatMap(({ outputs }) => outputs)
      const read = inputs.filter((tensor): tensor is Tensor => tensor !== undefined && !('kind' in tensor.origin))
      expect(before).toEqual(expect.arrayContaining(read))
    }
    expect(order.map(({ type }) => type).toSorted()).toEqual(['Add', 'Add', 'LayerNormalization', 'Mul', 'Mul'])
  })
})
