import { describe, expect, it } from 'vitest'
import { expectClose } from '../../test/conformance/op/check-operator.ts'
import { differences, type NumberArray, product } from '../../test/conformance/op/naive.ts'
import { buildGraph } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { compile } from '../runtime/node.ts'
import { evaluateGradients } from '../testing/evaluate-tensor.ts'
import { crossEntropy } from './cross-entropy.ts'
import { mul } from './elementwise.ts'

import { gradients } from './gradient.ts'
import { input, parameter } from './node.ts'

const [rows, width, items] = [6, 3, 7]
const stream = randomStream(5)
const drawn = (size: number): Float32Array => Float32Array.from({ length: size }, () => stream.normal())
const buffers = {
  hidden: drawn(rows * width),
  table: drawn(items * width),
  scale: drawn(width),
  // Two rows share a target, and one only pads.
  targets: BigInt64Array.of(2n, 5n, 2n, 0n, 6n, 1n),
  weights: Float32Array.of(0.2, 0.3, 0.1, 0.2, 0.2, 0),
}

/** Loss and gradients with the table table * scale, computed in the graph; sparse rows are added to the dense part. */
async function computed(chunk: number, apart: boolean): Promise<number[]> {
  const [hidden, table] = [parameter('hidden', [rows, width], () => {}), parameter('table', [items, width], () => {})]
  const scale = parameter('scale', [width], () => {})
  const targets = input('targets', [rows], 'int64')
  const weights = input('weights', [rows])
  const targetRows = mul(table.rows(targets), scale)
  const loss = crossEntropy({ hidden, table: mul(table, scale), targets, weights, chunk, ...(apart && { targetRows }) })
  const [forHidden, forTable, forScale] = [...gradients(loss, [hidden, table, scale]).values()]
  const sparse = forTable?.sparse.flatMap(({ rows }, index) => [[`rows${index}`, rows] as const]) ?? []
  const dense = { loss, hidden$: forHidden?.dense, table$: forTable?.dense, scale$: forScale?.dense }
  await using program = await compile(
    buildGraph({ ...dense, ...Object.fromEntries(sparse) } as Parameters<typeof buildGraph>[0]),
    { threads: 1 },
  )
  for (const [name, buffer] of Object.entries(buffers)) program.bind(name, buffer)
  await program.run()
  const tableGradient = Float32Array.from(program.outputs['table$'] as Float32Array)
  for (const [name] of sparse) {
    for (const [at, value] of (program.outputs[name] as Float32Array).entries()) {
      const to = Number(buffers.targets[Math.floor(at / width)]) * width + (at % width)
      tableGradient[to] = (tableGradient[to] as number) + value
    }
  }
  return [
    ...['loss', 'hidden$', 'scale$'].flatMap((name) => [...(program.outputs[name] as Float32Array)]),
    ...tableGradient,
  ]
}

describe('crossEntropy over a computed table', () => {
  it.each([
    ['in one piece, its target rows apart', 99, true],
    ['in chunks', 3, false],
    ['in chunks, its target rows apart', 3, true],
  ] as const)('has the same loss and gradients %s', async (_, chunk, apart) => {
    const expected = await computed(99, false)
    const actual = await computed(chunk, apart)
    for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, 5)
  })
})

/** The loss in float64, by the definition. */
function naiveLoss(
  hidden: NumberArray,
  table: NumberArray,
  targets: readonly number[],
  weights: readonly number[],
): number {
  const logits = product(hidden, table, { transposeB: true }).values
  const size = table.shape[0]!
  return targets.reduce((total, target, row) => {
    const own = logits.slice(row * size, (row + 1) * size)
    const largest = Math.max(...own)
    const logSum = largest + Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
    return total + weights[row]! * (logSum - own[target]!)
  }, 0)
}

describe('crossEntropy over a table that is a parameter', () => {
  const learned = [parameter('hidden', [rows, width], () => {}), parameter('table', [items, width], () => {})] as const
  const loss = (chunk: number) =>
    crossEntropy({
      hidden: learned[0],
      table: learned[1],
      targets: input('targets', [rows], 'int64'),
      weights: input('weights', [rows]),
      chunk,
    })
  const arrays = [
    { shape: [rows, width], values: Array.from(buffers.hidden) },
    { shape: [items, width], values: Array.from(buffers.table) },
  ]
  const naive = ([hidden, table]: readonly NumberArray[]): number =>
    naiveLoss(hidden!, table!, Array.from(buffers.targets, Number), Array.from(buffers.weights))

  it.each([1, 2, 3, 6, 7, 32_768])(
    'is the definition in chunks of %i items, with the gradient of finite differences',
    async (chunk) => {
      const result = await evaluateGradients(loss(chunk), learned, buffers)
      const [forHidden, forTable] = differences(naive, arrays)
      expect(Math.abs(result.loss - naive(arrays))).toBeLessThan(1e-5)
      expectClose(result.gradients['hidden']!, forHidden!, 'gradient of hidden', 1e-5)
      expectClose(result.gradients['table']!, forTable!, 'gradient of table', 1e-5)
    },
  )

  it.each([3, 99])('takes nothing from a row of weight 0, whatever it holds (chunk %i)', async (chunk) => {
    const last = (rows - 1) * width
    const hidden = buffers.hidden.with(last, 50).with(last + 1, -50)
    const before = await evaluateGradients(loss(chunk), learned, buffers)
    const after = await evaluateGradients(loss(chunk), learned, {
      ...buffers,
      hidden,
      targets: buffers.targets.with(rows - 1, 0n),
    })
    expect(after.loss).toBe(before.loss)
    expectClose(after.gradients['table']!, before.gradients['table']!, 'gradient of table', 0)
    expectClose(after.gradients['hidden']!.slice(last), [0, 0, 0], 'gradient of the padded row', 0)
  })

  it('holds logits beyond the range of exp: exact in chunks, and in one piece with the same gradients', async () => {
    const hidden = buffers.hidden.map((value) => 40 * value)
    const [chunked, whole] = [
      await evaluateGradients(loss(2), learned, { ...buffers, hidden }),
      await evaluateGradients(loss(99), learned, { ...buffers, hidden }),
    ]
    expectClose([chunked.loss], [naive(arrays.with(0, { shape: [rows, width], values: Array.from(hidden) }))], 'loss')
    // One piece reads the loss from probabilities, so that a row costs at most -log(1e-37) = 85.2.
    expect(whole.loss).toBeLessThanOrEqual(85.2)
    for (const name of ['hidden', 'table'])
      expectClose(whole.gradients[name]!, chunked.gradients[name]!, `gradient of ${name}`)
  })
})
