import { describe, expect, it } from 'vitest'
import { buildGraph } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { compile } from '../runtime/session.ts'
import { crossEntropy } from './cross-entropy.ts'
import { mul } from './elementwise.ts'
import { gather } from './gather.ts'
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
  const targetRows = mul(gather(table, targets), scale)
  const loss = crossEntropy({ hidden, table: mul(table, scale), targets, weights, chunk, ...(apart && { targetRows }) })
  const [forHidden, forTable, forScale] = [...gradients(loss, [hidden, table, scale]).values()]
  const sparse = forTable?.sparse.flatMap(({ rows }, index) => [[`rows${index}`, rows] as const]) ?? []
  const dense = { loss, hidden$: forHidden?.dense, table$: forTable?.dense, scale$: forScale?.dense }
  await using program = await compile(buildGraph({ ...dense, ...Object.fromEntries(sparse) } as Parameters<typeof buildGraph>[0]), { threads: 1 })
  for (const [name, buffer] of Object.entries(buffers)) program.bind(name, buffer)
  await program.run()
  const tableGradient = Float32Array.from(program.outputs['table$'] as Float32Array)
  for (const [name] of sparse) {
    for (const [at, value] of (program.outputs[name] as Float32Array).entries()) {
      const to = Number(buffers.targets[Math.floor(at / width)]) * width + (at % width)
      tableGradient[to] = (tableGradient[to] as number) + value
    }
  }
  return [...['loss', 'hidden$', 'scale$'].flatMap((name) => [...(program.outputs[name] as Float32Array)]), ...tableGradient]
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
