import { expect, it } from 'vitest'
import { noNoise, trainingNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input, sizeOf, type Tensor } from '../../tensor/node.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { queryFormer } from './query-former.ts'

const sizes = { modalitySize: 4, queries: 2, formerLayers: 2, heads: 2, formerDropout: 0.5, attentionDropout: 0.5 }
const [image, text] = [input('image', [3, 4]), input('text', [3, 4])]
const read = queryFormer(sizes)

/** Numbers of tensors whose parameters and inputs are all random. */
async function valuesOf<Name extends string>(tensors: Record<Name, Tensor>, feeds: Record<string, Float32Array> = {}) {
  const { inputs } = buildGraph(tensors)
  const drawn = [...inputs].map(([name, { shape }]) => {
    const random = randomStream(3, name)
    return [name, Float32Array.from({ length: sizeOf(shape) }, () => random.normal())] as const
  })
  return evaluateTensors(tensors, { ...Object.fromEntries(drawn), ...feeds })
}

it('the order of tokens changes nothing', async () => {
  const tensors = { one: read([image, text], noNoise), other: read([text, image], noNoise) }
  const { one, other } = await valuesOf(tensors)
  expect(Array.from(other, Number)).toEqual(Array.from(one, Number).map((value) => expect.closeTo(value, 5)))
})

it('each item has content of its own, and items without any token would have the same', async () => {
  const both = await valuesOf({ content: read([image, text], noNoise) })
  const rows = (values: number[]): number[][] => [0, 1, 2].map((row) => values.slice(4 * row, 4 * row + 4))
  const [first, second] = rows(Array.from(both.content, Number))
  expect(Math.max(...first!.map((value, at) => Math.abs(value - second![at]!)))).toBeGreaterThan(0.1)
  const nothing = { image: new Float32Array(12), text: new Float32Array(12) }
  const without = await valuesOf({ content: read([image, text], noNoise) }, nothing)
  const none = rows(Array.from(without.content, Number))
  expect(none[1]).toEqual(none[0])
  expect(none[2]).toEqual(none[0])
})

it('content has the shape of its tokens', () => {
  const events = input('events', [3, 5, 4])
  expect(read([events], noNoise).shape).toEqual([3, 5, 4])
})

it('drops of the attention’s weights and of what each layer finds, of the queries alone in the last', () => {
  const noise = trainingNoise()
  read([image, text], noise)
  expect(noise.inputs.map(({ tensor }) => tensor.shape)).toEqual([
    [3, 2, 4, 4],
    [3, 4, 4],
    [3, 2, 2, 4],
    [3, 2, 4],
  ])
})
