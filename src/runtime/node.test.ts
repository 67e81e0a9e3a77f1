import { describe, expect, it } from 'vitest'
import { buildGraph } from '../onnx/graph.ts'
import { add, addAll, mul } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { slice } from '../tensor/move.ts'
import { input } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { compile, keepingRuntime } from './node.ts'
import type { Program } from './runtime.ts'

const x = input('x', [3])
const graph = buildGraph({ y: mul(x, 2) })
const threads = { threads: 1 }

describe('compile', () => {
  it('reads an input bound as a view with an offset, anew at each run', async () => {
    await using program = await compile(graph, threads)
    const pool = Float32Array.of(0, 1, 2, 3, 4, 5)
    program.bind('x', pool.subarray(2, 5))
    await program.run()
    expect(program.outputs['y']).toEqual(Float32Array.of(4, 6, 8))
    pool.set([10, 20, 30], 2)
    await program.run()
    expect(program.outputs['y']).toEqual(Float32Array.of(20, 40, 60))
    program.bind('x', pool.subarray(0, 3))
    await program.run()
    expect(program.outputs['y']).toEqual(Float32Array.of(0, 2, 20))
  })

  it('reads int64 views with an offset', async () => {
    await using program = await compile(buildGraph({ y: x.rows(input('ids', [2], 'int64')) }), threads)
    program.bind('x', Float32Array.of(5, 6, 7))
    program.bind('ids', BigInt64Array.of(0n, 0n, 2n, 1n).subarray(2))
    await program.run()
    expect(program.outputs['y']).toEqual(Float32Array.of(7, 6))
  })

  it('fills output buffers in place, also a view of one shared by programs, and nothing beside it', async () => {
    const shared = new Float32Array(8)
    await using other = await compile(graph, threads, { y: shared.subarray(1, 4) })
    await using program = await compile(buildGraph({ y: mul(x, 2), z: add(x, 1) }), threads, {
      y: shared.subarray(4, 7),
    })
    const { y, z } = program.outputs
    expect(y!.buffer).toBe(shared.buffer)
    other.bind('x', Float32Array.of(7, 8, 9))
    program.bind('x', Float32Array.of(1, 2, 3))
    await other.run()
    await program.run()
    expect(Array.from(shared)).toEqual([0, 14, 16, 18, 2, 4, 6, 0])
    expect(program.outputs['z']).toBe(z)
    expect(z).toEqual(Float32Array.of(2, 3, 4))
  })

  it('lets two programs hand a buffer on without a copy', async () => {
    const between = new Float32Array(3)
    await using first = await compile(graph, threads, { y: between })
    await using second = await compile(graph, threads)
    first.bind('x', Float32Array.of(1, 2, 3))
    second.bind('x', between)
    await first.run()
    await second.run()
    expect(second.outputs['y']).toEqual(Float32Array.of(4, 8, 12))
  })

  it('compiles equal graphs once where a runtime keeps them, for programs with buffers of their own', async () => {
    const runtime = keepingRuntime(threads)
    const own = new Float32Array(3)
    const [first, second, other] = [
      await runtime(graph),
      await runtime(buildGraph({ y: mul(x, 2) }), { y: own }),
      await runtime(buildGraph({ y: mul(x, 3) })),
    ]
    for (const [at, program] of [first, second, other].entries()) program.bind('x', new Float32Array(3).fill(at + 1))
    await first[Symbol.asyncDispose]()
    for (const program of [second, first, other]) await program.run()
    expect([first, second, other].map(({ outputs }) => outputs['y']?.[0])).toEqual([2, 4, 9])
    expect(second.outputs['y']).toBe(own)
    await runtime.release()
    for (const program of [first, second, other]) await expect(program.run()).rejects.toThrow('disposed')
    const anew = await runtime(graph)
    anew.bind('x', own)
    await anew.run()
    expect(anew.outputs['y']).toEqual(Float32Array.of(8, 8, 8))
    await runtime.release()
  })

  it('says what is wrong with a name, a size, an input left unbound', async () => {
    await using program = await compile(buildGraph({ y: add(x, input('other', [1])) }), threads)
    expect(() => program.bind('z', new Float32Array(3))).toThrow('the program has no input "z"; it has x, other')
    expect(() => program.bind('x', new Float32Array(4))).toThrow('"x" has 4 values, its shape [3] needs 3')
    program.bind('x', new Float32Array(3))
    await expect(program.run()).rejects.toThrow('input "other" was never bound')
    await expect(compile(graph, threads, { y: new Float32Array(1) })).rejects.toThrow(
      '"y" has 1 values, its shape [3] needs 3',
    )
    await expect(compile(graph, threads, { typo: new Float32Array(3) })).rejects.toThrow(
      'the program has no output "typo"; it has y',
    )
  })

  it('refuses a buffer of another element type', async () => {
    await using program = await compile(graph, threads)
    expect(() => program.bind('x', new BigInt64Array(3))).toThrow(/float32/)
  })

  it('does not hold all slices of a tensor where one is needed after the other', async () => {
    const [rows, width] = [64, 2 ** 18]
    const sliced = input('x', [rows, width])
    const sums = Array.from({ length: rows }, (_, row) => sum(slice(sliced, 0, row, row + 1)))
    await using program = await compile(buildGraph({ y: addAll(sums) }), threads)
    program.bind('x', new Float32Array(rows * width).fill(1))
    const before = process.memoryUsage().rss
    await program.run()
    expect(program.outputs['y']).toEqual(Float32Array.of(rows * width))
    // All slices are 64 MiB, one is 1 MiB.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(32)
  })

  it('gives back the memory of programs that were disposed of, even while something still refers to them', async () => {
    const size = 512
    const large = buildGraph({ y: sum(matmul(mul(input('a', [size, size]), 2), input('b', [size, size]))) })
    const matrix = new Float32Array(size * size).fill(1)
    const kept: Program[] = []
    const round = async (count: number): Promise<void> => {
      for (let made = 0; made < count; made++) {
        await using program = await compile(large, threads)
        program.bind('a', matrix)
        program.bind('b', matrix)
        await program.run()
        kept.push(program)
      }
    }
    await round(10)
    const before = process.memoryUsage().rss
    await round(100)
    // Undisposed, each holds two matrices of 1 MiB or more.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(60)
    expect(kept).toHaveLength(110)
  })
})
