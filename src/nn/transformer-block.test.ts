import { expect, it } from 'vitest'
import { operationsOf } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { constant, input, sizeOf, type Tensor } from '../tensor/node.ts'
import { evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import { noNoise } from './noise.ts'
import { multiHeadAttention } from './transformer-block.ts'

it('finds for a single query what it finds for many, without keys and values', async () => {
  const [rows, keys, width, heads] = [3, 5, 6, 2]
  const attend = multiHeadAttention('attention', { width, heads, dropout: 0 })
  const [query, memory] = [input('query', [rows, width]), input('memory', [rows, keys, width])]
  const usual = attend({
    query: query.unsqueeze(1),
    memory,
    bias: constant(new Float32Array(1), [1, 1, 1, 1]),
    noise: noNoise,
  })
  const one = attend.one({ query, memory })
  const stream = randomStream(6)
  const feeds: Record<string, Feeds[string]> = {}
  for (const { origin, shape } of leavesOf(usual))
    feeds[origin.name] = Float32Array.from({ length: sizeOf(shape) }, () => stream.normal())
  const [expected, found] = [await evaluateTensor(usual, feeds), await evaluateTensor(one, feeds)]
  expect(found).toHaveLength(rows * width)
  expect(found).toEqual(expected.map((value) => expect.closeTo(value, 5)))
  // Weights of heads are the largest that hang on both; keys and values would be as large as the memory.
  const large = operationsOf([one]).filter(({ outputs }) =>
    outputs.some(({ shape }) => sizeOf(shape) === rows * keys * width),
  )
  expect(large).toEqual([])
})

/** The inputs and parameters that a tensor hangs on. */
function leavesOf(tensor: Tensor) {
  return operationsOf([tensor]).flatMap(({ inputs }) =>
    inputs.flatMap((x) =>
      x && 'kind' in x.origin && x.origin.kind !== 'constant' ? [{ origin: x.origin, shape: x.shape }] : [],
    ),
  )
}
