import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mul } from '../tensor/elementwise.ts'
import { input, parameter } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import { gru, gruLayers } from './gru.ts'

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

describe('layers of GRUs side by side', () => {
  const x = parameter('x', [batch, length, width], () => {})
  const open = input('open', [2, batch, length])
  const states = gruLayers('gru', 2, [width, hidden])(x, open)
  /** The fixture's weights for both layers. */
  const both = (openAt: (layer: number, step: number) => boolean): Feeds => {
    const { x: values, ...weights } = feeds()
    const twice = Object.entries(weights).map(([name, one]) => [name, Float32Array.from([...one, ...one].map(Number))])
    const opened = Float32Array.from({ length: 2 * batch * length }, (_, at) =>
      openAt(Math.floor(at / (batch * length)), at % length) ? 1 : 0,
    )
    return { ...(Object.fromEntries(twice) as Feeds), x: values as Float32Array, open: opened }
  }

  it('are each a layer where all steps are open', async () => {
    expect(states.shape).toEqual([2, batch, length, hidden])
    const actual = await evaluateTensor(
      states,
      both(() => true),
    )
    expect(far(actual.slice(0, actual.length / 2), fixture.hidden)).toEqual([])
    expect(far(actual.slice(actual.length / 2), fixture.hidden)).toEqual([])
  })

  it('keep their state over steps that are closed', async () => {
    const actual = await evaluateTensor(
      states,
      both((layer, step) => layer === 0 || step < 2),
    )
    const stateAt = (layer: number, step: number): number[] => {
      const from = ((layer * batch + 1) * length + step) * hidden
      return actual.slice(from, from + hidden)
    }
    expect(stateAt(1, length - 1)).toEqual(stateAt(0, 1))
    expect(stateAt(0, length - 1)).not.toEqual(stateAt(0, 1))
  })
})
