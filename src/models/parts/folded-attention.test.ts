import { expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { constant, input, sizeOf, type Tensor } from '../../tensor/node.ts'
import { evaluateTensor, evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { foldedAttention, keepLargest, lastEvents } from './folded-attention.ts'

const numbers = (rows: readonly (readonly number[])[]): Tensor =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length])

it('keeps the largest scores of events, never padding, of equal ones the later', async () => {
  const mask = numbers([
    [1, 1, 1, 1],
    [1, 1, 0, 0],
    [0, 0, 0, 0],
  ])
  const scores = constant(Float32Array.of(1, 5, 1, 1, -3, -9, 8, 8, 1, 2, 3, 4), [3, 1, 4])
  expect(await evaluateTensor(keepLargest(scores, mask, 3))).toEqual([0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
  expect(await evaluateTensor(keepLargest(scores, mask, 1))).toEqual([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
})

it('finds the last events of each history', async () => {
  const mask = numbers([
    [1, 1, 1, 1],
    [1, 1, 0, 0],
    [0, 0, 0, 0],
  ])
  expect(await evaluateTensor(lastEvents(mask, 1))).toEqual([0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
  expect(await evaluateTensor(lastEvents(mask, 3))).toEqual([0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
  expect(await evaluateTensor(lastEvents(mask, 4))).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
})

it('attends to nothing of what is not kept, and gives zeros where nothing is', async () => {
  const random = randomStream(2)
  const { attend, scores } = foldedAttention('a', { width: 4, heads: 2, biased: true })
  const inputs = { query: input('query', [2, 2, 4]), memory: input('memory', [2, 3, 4]) }
  const keep = constant(Float32Array.of(1, 0, 1, 0, 0, 0), [2, 1, 3])
  const names = ['query', 'key', 'value', 'output'].map((part) => [`a.${part}.weight`, 16] as const)
  const shapes: [string, number][] = [
    ...names.map(([name, size]) => [name, size] as [string, number]),
    ['a.bias.weight', 8],
    ['query', 16],
    ['memory', 24],
  ]
  const feeds = Object.fromEntries(
    shapes.map(([name, size]) => [name, Float32Array.from({ length: size }, () => random.normal())]),
  )
  const made = { ...attend({ ...inputs, keep }), scores: scores(inputs) }
  expect(sizeOf(made.scores.shape)).toBe(12)
  const before = await evaluateTensors(made, feeds)
  const hidden = { ...feeds, memory: feeds['memory']!.map((value, at) => (at >= 4 && at < 8 ? 7 : value)) }
  const after = await evaluateTensors(made, hidden)
  expect(after.output).toEqual(before.output)
  expect(after.scores).not.toEqual(before.scores)
  expect(Array.from(before.output, Number).slice(8)).toEqual(Array(8).fill(0))
  const weights = Array.from(before.weights, Number)
  expect(weights.filter((weight) => weight === 0)).toHaveLength(2 + 6)
  expect(weights[0]! + weights[2]!).toBeCloseTo(1, 6)
})
