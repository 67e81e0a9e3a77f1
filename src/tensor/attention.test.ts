import { describe, expect, it } from 'vitest'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { differences, each, type NumberArray, product, rowwise, softmaxRow } from '../../test/conformance/op/naive.ts'
import { randomStream } from '../random/stream.ts'
import { evaluateGradients, evaluateTensors } from '../testing/evaluate-tensor.ts'
import { attention, hiddenScore } from './attention.ts'
import { mul } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { input, type Parameter, parameter, type Shape, sizeOf } from './node.ts'
import { sum } from './reduce.ts'

interface Example {
  readonly query: Shape
  readonly key: Shape
  readonly value: Shape
  readonly bias: Shape
  readonly learnedBias?: Shape
  readonly keep?: Shape
  readonly scale?: number
  readonly outputScale?: number
}

const batched = { query: [2, 3, 4], key: [2, 5, 4], value: [2, 5, 2] }
const heads = { query: [2, 2, 3, 4], key: [2, 2, 3, 4], value: [2, 2, 3, 4] }
const examples: Record<string, Example> = {
  'plain matrices': { query: [3, 4], key: [5, 4], value: [5, 2], bias: [3, 5] },
  'a batch with one bias for all': { ...batched, bias: [3, 5] },
  'a bias of keys alone': { ...batched, bias: [2, 1, 5] },
  'a scalar bias': { ...batched, bias: [] },
  'heads with a causal bias': { ...heads, bias: [1, 1, 3, 3] },
  'dropped weights': { ...heads, bias: [2, 1, 3, 3], keep: [2, 2, 3, 3] },
  'a mask of one batch row, broadcast': { ...batched, bias: [3, 5], keep: [1, 3, 5] },
  'scales of its own': { ...batched, bias: [3, 5], keep: [2, 3, 5], scale: 0.3, outputScale: -1.7 },
  'keys and values shared by a batch': { query: [2, 3, 4], key: [5, 4], value: [5, 4], bias: [2, 3, 5] },
  'a learned bias': { ...heads, bias: [1, 1, 3, 3], learnedBias: [2, 2, 3, 3] },
  'a learned bias of all rows, and dropped weights': {
    ...heads,
    bias: [2, 1, 1, 3],
    learnedBias: [2, 1, 3, 3],
    keep: [2, 2, 3, 3],
    scale: 0.3,
  },
  'a query shared by a batch': { query: [1, 3, 4], key: [2, 5, 4], value: [2, 5, 2], bias: [3, 5] },
}

/** Random values; the bias hides every third pair, keep holds 0 and 1 / (1 - 0.4). */
function drawn(shapes: Record<string, Shape>): Record<string, Float32Array> {
  const random = randomStream(11)
  const value = (name: string, at: number): number => {
    if (name === 'bias') return at % 3 === 2 ? hiddenScore : random.normal()
    return name === 'keep' ? Number(random.uniform() > 0.4) / 0.6 : random.normal()
  }
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      Float32Array.from({ length: sizeOf(shape) }, (_, at) => value(name, at)),
    ]),
  )
}

function naive(
  { scale = 0.5, outputScale = 1 }: Example,
  parts: Record<string, NumberArray>,
): { output: NumberArray; weights: NumberArray } {
  const plus = each((score, bias) => score + bias)
  const products = product(parts['query']!, parts['key']!, { transposeB: true, scale })
  const scores = parts['learnedBias'] ? plus(products, parts['learnedBias']) : products
  const weights = rowwise(plus(scores, parts['bias']!), softmaxRow)
  const kept = parts['keep'] ? each((weight, keep) => weight * keep)(weights, parts['keep']) : weights
  return { output: product(kept, parts['value']!, { scale: outputScale }), weights }
}

describe('attention', () => {
  it.each(Object.entries(examples))('equals the naive composition in value and gradient: %s', async (_, example) => {
    const { scale, outputScale, ...shapes } = example
    const feeds = drawn(shapes)
    const names = (['query', 'key', 'value', 'learnedBias'] as const).filter((name) => name in shapes)
    const learned = names.map((name) => parameter(name, shapes[name] as Shape, () => {}))
    const [query, key, value, learnedBias] = learned as [Parameter, Parameter, Parameter, Parameter?]
    const { output, weights } = attention({
      query,
      key,
      value,
      bias: input('bias', shapes.bias),
      learnedBias,
      ...(scale !== undefined && { scale }),
      ...(outputScale !== undefined && { outputScale }),
      keep: shapes.keep && input('keep', shapes.keep),
    })
    const arrays = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { shape, values: Array.from(feeds[name]!) }]),
    )
    const expected = naive(example, arrays)
    const actual = await evaluateTensors({ output, weights }, feeds)
    expect([output.shape, weights.shape]).toEqual([expected.output.shape, expected.weights.shape])
    expectClose(Array.from(actual.output, Number), expected.output.values, 'output')
    expectClose(Array.from(actual.weights, Number), expected.weights.values, 'weight')

    const upstream = drawn({ upstream: output.shape })['upstream']!
    const { gradients } = await evaluateGradients(sum(mul(output, input('upstream', output.shape))), learned, {
      ...feeds,
      upstream,
    })
    const loss = (moved: readonly NumberArray[]): number =>
      naive(example, {
        ...arrays,
        ...Object.fromEntries(names.map((name, at) => [name, moved[at]!])),
      }).output.values.reduce((total, number, at) => total + number * upstream[at]!, 0)
    const differed = differences(
      loss,
      names.map((name) => arrays[name]!),
    )
    for (const [at, name] of names.entries()) expectClose(gradients[name]!, differed[at]!, `gradient of ${name}`)
  })

  it('lets no gradient flow through the weights it shows', () => {
    const query = parameter('query', [3, 4], () => {})
    const { weights } = attention({ query, key: query, value: query, bias: input('bias', []) })
    expect(() => gradients(sum(weights), [query])).toThrow('parameter "query" does not reach the loss')
  })
})
