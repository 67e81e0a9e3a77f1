import { describe, expect, it } from 'vitest'
import { buildGraph } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { compile } from '../runtime/node.ts'
import { evaluateTensor } from '../testing/evaluate-tensor.ts'
import { input } from './node.ts'
import { segmentSum } from './segment-sum.ts'

describe('segmentSum', () => {
  it.each([
    { size: 5, ids: [3, 0, 3, 3, 1] },
    { size: 1, ids: [0, 0] },
    { size: 3, ids: [2] },
  ])('adds the rows of each of $size ids, nothing for those that do not come', async ({ size, ids }) => {
    const rows = ids.flatMap((_, row) => [2 ** row, -(10 ** row)])
    const sums = segmentSum(input('rows', [ids.length, 2]), input('ids', [ids.length], 'int64'), size)
    const expected = Array.from({ length: 2 * size }, (_, at) =>
      ids.reduce((sum, id, row) => (id === at >> 1 ? sum + rows[2 * row + (at % 2)]! : sum), 0),
    )
    expect(await evaluateTensor(sums, { rows: Float32Array.from(rows), ids: BigInt64Array.from(ids, BigInt) })).toEqual(
      expected,
    )
  })

  it('is as exact as a sum of its own after a million other values, and the same bytes on two threads', async () => {
    const [count, width, size] = [20_000, 64, 300]
    const random = randomStream(1)
    const ids = BigInt64Array.from({ length: count }, () => BigInt(Math.floor(size * random.uniform() ** 3)))
    const rows = Float32Array.from({ length: count * width }, () => 1e3 * random.normal())
    const expected = new Float64Array(size * width)
    for (const [row, id] of ids.entries())
      for (let at = 0; at < width; at++) expected[Number(id) * width + at]! += rows[row * width + at]!
    const graph = buildGraph({ sums: segmentSum(input('rows', [count, width]), input('ids', [count], 'int64'), size) })
    const found: Float32Array[] = []
    for (const threads of [1, 2]) {
      await using program = await compile(graph, { threads })
      program.bind('rows', rows)
      program.bind('ids', ids)
      await program.run()
      found.push(Float32Array.from(program.outputs['sums'] as Float32Array))
    }
    expect(found[0]).toEqual(Float32Array.from(expected))
    expect(found[1]).toEqual(found[0])
  })
})
