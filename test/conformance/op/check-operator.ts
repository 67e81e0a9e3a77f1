/**
 * @file One operator against its naive loop: values, shape as the runtime has it, and gradients, on drawn shapes and
 * values.
 */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { randomStream } from '../../../src/random/stream.ts'
import { mul } from '../../../src/tensor/elementwise.ts'
import { constant, parameter, type Shape, sizeOf, type Tensor } from '../../../src/tensor/node.ts'
import { operation } from '../../../src/tensor/operation.ts'
import { sum } from '../../../src/tensor/reduce.ts'
import { evaluateGradients, evaluateTensors } from '../../../src/testing/evaluate-tensor.ts'
import { differences, type NumberArray } from './naive.ts'

/** An operator under test. */
export interface OperatorCase {
  /** Shapes of its arguments. */
  readonly shapes: fc.Arbitrary<readonly Shape[]>
  readonly build: (...inputs: Tensor[]) => Tensor
  readonly naive: (...inputs: NumberArray[]) => NumberArray
  /** Values are drawn with an absolute value in here: away from kinks and poles. */
  readonly range?: readonly [number, number]
  /** Draws no negative value. */
  readonly positive?: boolean
  /** What the gradient is that of, where it is not that of the values. */
  readonly slope?: (...inputs: NumberArray[]) => NumberArray
  /** No gradient flows. */
  readonly forwardOnly?: boolean
}

/** Checks an operator on `runs` drawn examples, the same at every call. */
export async function checkOperator(operator: OperatorCase, runs = 15): Promise<void> {
  const property = fc.asyncProperty(operator.shapes, fc.integer({ min: 1, max: 1e6 }), (shapes, seed) =>
    checkExample(operator, shapes, seed),
  )
  await fc.assert(property, { numRuns: runs, seed: 7 })
}

async function checkExample(
  { build, naive, range = [0.1, 2], positive, slope = naive, forwardOnly }: OperatorCase,
  shapes: readonly Shape[],
  seed: number,
) {
  const random = randomStream(seed)
  const draw = (): number =>
    (positive || random.uniform() < 0.5 ? 1 : -1) * (range[0] + (range[1] - range[0]) * random.uniform())
  const drawn = (shape: Shape) => Float32Array.from({ length: sizeOf(shape) }, draw)
  const parameters = shapes.map((shape, index) => parameter(`x${index}`, shape, () => {}))
  const feeds = Object.fromEntries(shapes.map((shape, index) => [`x${index}`, drawn(shape)]))
  const arrays = shapes.map((shape, index) => ({ shape, values: Array.from(feeds[`x${index}`]!) }))

  const made = build(...parameters)
  const expected = naive(...arrays)
  expect(made.shape).toEqual(expected.shape)
  const forward = { made, sizes: operation('Shape', { inputs: [made], shape: [made.shape.length], dtype: 'int64' }) }
  const weights = drawn(made.shape)
  const weighted = sum(mul(made, constant(weights, made.shape)))
  const { values, gradients } = forwardOnly
    ? { values: await evaluateTensors(forward, feeds), gradients: {} as Record<string, number[]> }
    : await evaluateGradients(weighted, parameters, feeds, forward)
  expect(Array.from(values.sizes, Number), 'the runtime has another shape').toEqual(made.shape)
  expectClose(Array.from(values.made, Number), expected.values, 'value')
  if (forwardOnly) return

  const loss = (inputs: readonly NumberArray[]): number =>
    slope(...inputs).values.reduce((total, value, index) => total + value * weights[index]!, 0)
  for (const [index, gradient] of differences(loss, arrays).entries())
    expectClose(gradients[`x${index}`]!, gradient, `gradient of argument ${index}`)
}

/** Every number within 1e-4 of the expected one, relative to the largest. */
export function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  what: string,
  tolerance = 1e-4,
): void {
  if (actual.length !== expected.length)
    expect.fail(`${what} has ${actual.length} numbers, expected ${expected.length}`)
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
  for (const [index, value] of expected.entries())
    if (!(Math.abs(actual[index]! - value) <= tolerance * scale))
      expect.fail(`${what} ${index} is ${actual[index]}, expected ${value}`)
}
