import { expect, it } from 'vitest'
import { compile } from '../runtime/node.ts'
import { add, mul, relu } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { input, parameter, stopGradient, type Tensor } from '../tensor/node.ts'
import { fixedTensors } from './fixed.ts'
import { buildGraph } from './graph.ts'

const table = input('table', [3, 2])
const weight = parameter('weight', [2, 2], () => undefined)
const x = input('x', [1, 2])
const projected = relu(matmul(table, weight))
const doubled = mul(weight, 2)
const whole = add(matmul(x, stopGradient(doubled)), input('rows', [3, 2]).rows(input('ids', [1], 'int64')))

it('is what hangs on no changing input, as far as something that does reads it', () => {
  const changes = (name: string): boolean => name === 'x' || name === 'ids'
  expect(fixedTensors([whole, projected], changes)).toEqual([doubled, projected])
  expect(fixedTensors([whole, projected], () => true)).toEqual([doubled])
  expect(fixedTensors([x], changes)).toEqual([])
  // Double precision stays inside a graph.
  const exact = mul(x.cast('float64'), weight.slice(0, 0, 1).cast('float64')).cast('float32')
  expect(fixedTensors([exact], changes)).toEqual([])
})

it('is fed to the rest, which gives the same', async () => {
  const feeds = {
    x: Float32Array.of(1, -1),
    weight: Float32Array.of(1, 2, 3, 4),
    rows: Float32Array.of(0, 0, 5, 5, 0, 0),
    ids: BigInt64Array.of(1n),
  }
  const run = async (
    outputs: Readonly<Record<string, Tensor>>,
    given: ReadonlyMap<Tensor, string>,
    more: Readonly<Record<string, Float32Array>>,
  ) => {
    const graph = buildGraph(outputs, { given })
    await using program = await compile(graph, { threads: 1 })
    for (const [name, buffer] of Object.entries({ ...feeds, ...more }))
      if (graph.inputs.has(name)) program.bind(name, buffer)
    await program.run()
    return { value: Array.from(program.outputs['value'] as Float32Array), inputs: [...graph.inputs.keys()].sort() }
  }
  const given = new Map([[doubled, 'once.0']])
  const plain = await run({ value: whole }, new Map(), {})
  // x (2 W) = [2 - 6, 4 - 8], and row 1 of the rows.
  expect(plain).toEqual({ value: [1, 1], inputs: ['ids', 'rows', 'weight', 'x'] })
  const rest = await run({ value: whole }, given, { 'once.0': Float32Array.of(2, 4, 6, 8) })
  expect(rest).toEqual({ value: [1, 1], inputs: ['ids', 'once.0', 'rows', 'x'] })
})
