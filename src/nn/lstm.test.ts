import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Numbers } from '../../test/conformance/model/parity.ts'
import { buildGraph } from '../onnx/graph.ts'
import { mul } from '../tensor/elementwise.ts'
import { concat } from '../tensor/move.ts'
import { input, type Parameter, parameter } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { biLstm } from './lstm.ts'

/** See tools/lstm_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<Record<'batch' | 'length' | 'input' | 'hidden', number>>
  readonly inputs: Readonly<Record<'x' | 'mask' | 'upstream', Numbers>>
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly hidden: Numbers
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}
const fixtures = JSON.parse(readFileSync('test/fixtures/lstm.json', 'utf8')) as Readonly<
  Record<'bias' | 'plain', Fixture>
>

const far = (actual: readonly number[] | undefined, { values }: Numbers): readonly number[] => {
  expect(actual?.length).toBe(values.length)
  return values.filter((value, at) => !(Math.abs((actual?.[at] as number) - value) < 1e-5))
}

describe.each(['bias', 'plain'] as const)('an LSTM read both ways equals torch.nn.LSTM, %s', (part) => {
  const { config, inputs, parameters, hidden, loss: expected, gradients } = fixtures[part]
  const { batch, length, input: width, hidden: units } = config
  const feeds = Object.fromEntries(
    Object.entries({ ...inputs, ...parameters }).map(([name, { values }]) => [name, Float32Array.from(values)]),
  )
  const x = parameter('x', [batch, length, width], () => {})
  const mask_BL = input('mask', [batch, length])
  const read = biLstm('rnn', [width, units], { bias: part === 'bias' })
  const { forward, backward } = read({ forward: x, backward: x, ...(part === 'bias' && { mask_BL }) })
  const states = concat([forward, backward], 2)

  it('in its hidden states', async () => {
    expect(far(await evaluateTensor(states, feeds), hidden)).toEqual([])
  })

  it('in its gradients', async () => {
    const loss = sum(mul(states, input('upstream', [batch, length, 2 * units])))
    const learned: readonly Parameter[] = buildGraph({ loss }).parameters
    const found = await evaluateGradients(loss, learned, feeds)
    expect(found.loss).toBeCloseTo(expected, 4)
    expect(Object.keys(found.gradients).sort()).toEqual(Object.keys(gradients).sort())
    const wrong = Object.entries(gradients).filter(([name, numbers]) => far(found.gradients[name], numbers).length > 0)
    expect(wrong.map(([name]) => name)).toEqual([])
  })
})

it('leaves zeros as they are without a bias', async () => {
  const x = input('x', [1, 3, 2])
  const { forward, backward } = biLstm('rnn', [2, 2], { bias: false })({ forward: x, backward: x })
  const weights = Object.fromEntries(
    buildGraph({ forward, backward }).parameters.map(({ origin: { name }, shape: [rows = 0, columns = 0] }) => [
      name,
      new Float32Array(rows * columns).fill(0.5),
    ]),
  )
  // The first step of the forward direction and the last two of the backward one read zeros alone.
  const feeds = { ...weights, x: Float32Array.of(0, 0, 1, 1, 0, 0) }
  expect((await evaluateTensor(forward, feeds)).slice(0, 2)).toEqual([0, 0])
  expect((await evaluateTensor(backward, feeds)).slice(4)).toEqual([0, 0])
})
