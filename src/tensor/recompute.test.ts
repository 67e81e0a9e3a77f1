import { expect, it } from 'vitest'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { peakBytes } from '../learn/memory.ts'
import { randomStream } from '../random/stream.ts'
import { evaluateGradients } from '../testing/evaluate-tensor.ts'
import { addAll, exp, mul, sigmoid } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { matmul } from './linear.ts'
import { constant, type Parameter, parameter, sizeOf, type Tensor } from './node.ts'
import { recomputed } from './recompute.ts'
import { sum } from './reduce.ts'

const [rows, width] = [64, 32]
const x = parameter('x', [rows, width], () => {})
const weight = parameter('weight', [width, width], () => {})
const deep = ([h, w]: readonly [Tensor, Tensor]): Tensor =>
  Array.from({ length: 6 }).reduce<Tensor>((y) => sigmoid(matmul(y, w)), h)
const random = randomStream(4)
const drawn = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, () => random.normal())
const upstream = constant(drawn([rows, width]), [rows, width])
/** What is recomputed stands between other operations. */
const lossOf = (stretch: (inputs: readonly [Tensor, Tensor]) => Tensor): Tensor =>
  sum(mul(exp(stretch([mul(x, 2), weight])), upstream))

it('has the gradient of what it computes', async () => {
  const feeds = { x: drawn(x.shape), weight: drawn(weight.shape) }
  const plain = await evaluateGradients(lossOf(deep), [x, weight], feeds)
  const again = await evaluateGradients(
    lossOf((inputs) => recomputed(inputs, deep)),
    [x, weight],
    feeds,
  )
  expect(again.loss).toBe(plain.loss)
  for (const name of ['x', 'weight'])
    expectClose(again.gradients[name] as number[], plain.gradients[name] as number[], name, 1e-5)
})

it('holds less until the gradient comes', () => {
  const stretches = (through: (inputs: readonly [Tensor, Tensor]) => Tensor): number => {
    const parameters: Parameter[] = Array.from({ length: 8 }, (_, index) => parameter(`x${index}`, x.shape, () => {}))
    const loss = addAll(parameters.map((each) => sum(mul(through([each, weight]), upstream))))
    return peakBytes(
      [...gradients(loss, [...parameters, weight]).values()].flatMap(({ dense }) => (dense ? [dense] : [])),
    )
  }
  expect(stretches((inputs) => recomputed(inputs, deep))).toBeLessThan(0.7 * stretches(deep))
})
