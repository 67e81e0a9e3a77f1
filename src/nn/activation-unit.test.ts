import { expect, it } from 'vitest'
import { buildGraph, operationsOf } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { concat, slice } from '../tensor/move.ts'
import { constant, parameter, sizeOf, type Tensor } from '../tensor/node.ts'
import { sum, sumSquares } from '../tensor/reduce.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import { activationUnit, weightedSum } from './activation-unit.ts'

const [rows, length, width] = [3, 5, 4]
const leaf = (name: string, shape: readonly number[]) => parameter(name, shape, () => undefined)
const [history, target] = [leaf('history', [rows, length, width]), leaf('target', [rows, width])]
const mask = constant(
  Float32Array.from({ length: rows * length }, (_, at) => (at % length < 4 ? 1 : 0)),
  [rows, length],
)
const unit = activationUnit('unit', width, [6, 3])

/** Random values of whatever a tensor hangs on. */
function feedsOf(tensor: Tensor): Record<string, Feeds[string]> {
  const stream = randomStream(4)
  return Object.fromEntries(
    buildGraph({ tensor }).parameters.map(({ origin, shape }) => [
      origin.name,
      Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
    ]),
  )
}

/** The weights of each event on its own: so short a history takes the other way through the first layer. */
const oneByOne = (): Tensor =>
  concat(
    Array.from({ length }, (_, at) =>
      unit({ history: slice(history, 1, at, at + 1), target, mask: slice(mask, 1, at, at + 1) }),
    ),
    1,
  )

it('weighs long histories, each with a matrix of its candidate, as it weighs short ones', async () => {
  const [whole, apart] = [unit({ history, target, mask }), oneByOne()]
  const feeds = feedsOf(whole)
  const found = await evaluateTensor(whole, feeds)
  const expected = await evaluateTensor(apart, feeds)
  expect(found.map((value) => value.toFixed(4))).toEqual(expected.map((value) => value.toFixed(4)))
  expect(found.filter((value) => value === 0)).toHaveLength(rows)
  const { parameters } = buildGraph({ whole })
  const [ours, theirs] = [
    await evaluateGradients(sum(sumSquares(whole)), parameters, feeds),
    await evaluateGradients(sum(sumSquares(apart)), parameters, feeds),
  ]
  const far = Object.entries(ours.gradients).filter(([name, values]) =>
    values.some(
      (value, at) => Math.abs(value - (theirs.gradients[name]?.[at] ?? Number.NaN)) > 1e-3 * (1 + Math.abs(value)),
    ),
  )
  expect(far.map(([name]) => name)).toEqual([])
})

it('weighs one history for all candidates as the same history of each, in fewer passes', async () => {
  const shared = slice(history, 0, 0, 1)
  const seen = slice(mask, 0, 0, 1)
  const whole = unit({ history: shared, target, mask: seen })
  const repeated = concat([shared, shared, shared], 0)
  const apart = unit({ history: repeated, target, mask })
  const feeds = feedsOf(whole)
  const found = await evaluateTensor(whole, feeds)
  const expected = await evaluateTensor(apart, feeds)
  expect(found.map((value) => value.toFixed(4))).toEqual(expected.map((value) => value.toFixed(4)))
  // What holds the first layer of each event and candidate is made by one product, and gone through once.
  const large = operationsOf([whole]).filter(({ outputs }) => outputs.some(({ shape }) => sizeOf(shape) === 3 * 5 * 6))
  expect(large.map(({ type }) => type).filter((type) => type !== 'Reshape')).toEqual(['MatMul', 'Relu'])
  // Of the product nothing is read but what is above 0.
  const [made] = large.filter(({ type }) => type === 'MatMul').flatMap(({ outputs }) => outputs)
  const views = large.filter(({ type, inputs: [x] }) => type === 'Reshape' && x === made)
  const seenBy = operationsOf([whole]).filter(({ inputs }) =>
    inputs.some((x) => x && (x === made || views.some(({ outputs: [view] }) => x === view))),
  )
  expect(seenBy.map(({ type }) => type)).toEqual(['Reshape', 'Relu'])
})

it('weighs one history for more candidates than go through it at once', async () => {
  const many = 260
  const shared = slice(history, 0, 0, 1)
  const seen = slice(mask, 0, 0, 1)
  const candidates = leaf('candidates', [many, width])
  const whole = unit({ history: shared, target: candidates, mask: seen })
  const few = (from: number) => unit({ history: shared, target: slice(candidates, 0, from, from + 2), mask: seen })
  const feeds = feedsOf(whole)
  const found = await evaluateTensor(whole, feeds)
  expect(found).toHaveLength(many * length)
  for (const from of [0, 255, many - 2]) {
    const expected = await evaluateTensor(few(from), feeds)
    const part = found.slice(from * length, (from + 2) * length)
    expect(part.map((value) => value.toFixed(4))).toEqual(expected.map((value) => value.toFixed(4)))
  }
})

it('adds up a history, shared or not', async () => {
  const weights = leaf('weights', [rows, length])
  const shared = weightedSum(weights, slice(history, 0, 0, 1))
  const feeds = {
    weights: new Float32Array(rows * length).fill(1),
    history: Float32Array.from({ length: rows * length * width }, (_, at) => at),
  }
  // The columns of the first history are 0, 4, 8, 12, 16 and so on: 40, 45, 50, 55.
  expect(await evaluateTensor(shared, feeds)).toEqual([40, 45, 50, 55, 40, 45, 50, 55, 40, 45, 50, 55])
  expect((await evaluateTensor(weightedSum(weights, history), feeds)).slice(0, 5)).toEqual([40, 45, 50, 55, 140])
})
