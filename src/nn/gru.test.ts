import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mul } from '../tensor/elementwise.ts'
import { input, parameter } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import { gru, gruOfKinds } from './gru.ts'
import { kindTiles } from './kind-tiles.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
/** See tools/gru_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<Record<'batch' | 'length' | 'input' | 'hidden', number>>
  readonly inputs: Readonly<Record<'x' | 'upstream', Numbers>>
  readonly parameters: Readonly<Record<'weight_ih_l0' | 'weight_hh_l0' | 'bias_ih_l0' | 'bias_hh_l0', Numbers>>
  readonly hidden: Numbers
  readonly loss: number
  readonly gradients: Readonly<Record<'x', Numbers>>
}
const fixture = JSON.parse(readFileSync('test/fixtures/gru.json', 'utf8')) as Fixture
const { batch, length, input: width, hidden } = fixture.config

/** PyTorch multiplies by W^T. */
function turned({ shape, values }: Numbers): Float32Array {
  const [rows, columns] = shape as [number, number]
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] as number)
}

/** PyTorch has two biases a gate; those of r and z only ever come as a sum, which is one of ours. */
function feeds(): Feeds {
  const { weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 } = fixture.parameters
  const bias = bias_ih_l0.values.map((value, at) => value + (at < 2 * hidden ? (bias_hh_l0.values[at] as number) : 0))
  return {
    x: Float32Array.from(fixture.inputs.x.values),
    upstream: Float32Array.from(fixture.inputs.upstream.values),
    'gru.input.weight': turned(weight_ih_l0),
    'gru.input.bias': Float32Array.from(bias),
    'gru.hidden.weight': turned(weight_hh_l0),
    'gru.hidden.bias': Float32Array.from(bias_hh_l0.values.slice(2 * hidden)),
  }
}

function far(actual: readonly number[] | undefined, { values }: Numbers): readonly number[] {
  expect(actual?.length).toBe(values.length)
  return values.filter((value, at) => !(Math.abs((actual?.[at] as number) - value) < 1e-5))
}

describe('a GRU layer equals torch.nn.GRU', () => {
  const x = parameter('x', [batch, length, width], () => {})
  const states = gru('gru', [width, hidden])(x)

  it('in its hidden states', async () => {
    expect(states.shape).toEqual([batch, length, hidden])
    expect(far(await evaluateTensor(states, feeds()), fixture.hidden)).toEqual([])
  })

  it('in the gradient of its input', async () => {
    const loss = sum(mul(states, input('upstream', [batch, length, hidden])))
    const { loss: actual, gradients } = await evaluateGradients(loss, [x], feeds())
    expect(actual).toBeCloseTo(fixture.loss, 4)
    expect(far(gradients['x'], fixture.gradients.x)).toEqual([])
  })
})

describe('a GRU layer for each kind of step', () => {
  // The fixture's steps twice, one kind after the other, and a step of none.
  const steps = 2 * length + 1
  const x = input('x', [steps * batch, width])
  const kind_LB = input('kind', [steps, batch], 'int64')
  const tiles = kindTiles(kind_LB.reshape([-1]), 2)
  const states = gruOfKinds('gru', 2, [width, hidden])(x, { kind_LB, tiles })
  const evaluated = (second: 'alike' | 'zeros'): Promise<number[]> => {
    const { x: values, ...weights } = feeds()
    const both = Object.entries(weights).map(([name, one]) => {
      const own = [...one].map(Number)
      return [name, Float32Array.from([...own, ...own.map((value) => (second === 'alike' ? value : 0))])] as const
    })
    const ofStep = (step: number, row: number): number[] =>
      Array.from({ length: width }, (_, at) => Number(values?.[(row * length + (step % length)) * width + at]))
    const all = Array.from({ length: steps * batch }, (_, at) => ofStep(Math.floor(at / batch), at % batch))
    const kinds = Array.from({ length: steps * batch }, (_, at) => BigInt(Math.floor(at / batch / length)))
    return evaluateTensor(states.transpose([1, 0, 2]), {
      ...Object.fromEntries(both),
      x: Float32Array.from(all.flat()),
      kind: BigInt64Array.from(kinds),
    })
  }
  const half = (of: readonly number[], second: boolean): number[] =>
    Array.from({ length: batch }, (_, row) => {
      const from = (row * steps + (second ? length : 0)) * hidden
      return of.slice(from, from + length * hidden)
    }).flat()

  it('is a layer for each, which begins anew', async () => {
    expect(states.shape).toEqual([steps, batch, hidden])
    const found = await evaluated('alike')
    expect(far(half(found, false), fixture.hidden)).toEqual([])
    expect(far(half(found, true), fixture.hidden)).toEqual([])
  })

  it('has its own matrices', async () => {
    const found = await evaluated('zeros')
    expect(far(half(found, false), fixture.hidden)).toEqual([])
    expect(new Set(half(found, true))).toEqual(new Set([0]))
  })
})
