import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { compile } from '../../runtime/node.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { disentanglement } from './disentangle.ts'

const [rows, width, temperature] = [3, 4, 0.3]
const stream = randomStream(2)
const vectors = Array.from({ length: 5 }, () =>
  Array.from({ length: rows }, () => Array.from({ length: width }, () => stream.normal())),
)
// The last row only pads.
const weights = [0.25, 0.75, 0]
const cosine = (a: readonly number[] = [], b: readonly number[] = []): number => {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] as number), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
const kernel = (a: readonly number[] | undefined, b: readonly number[] | undefined): number =>
  Math.exp(cosine(a, b) / temperature)
const at = (vector: number, row: number): readonly number[] | undefined => vectors[vector]?.[row]
const others = (one: number): number[] => [0, 1, 2, 3, 4].filter((other) => other !== one)
const overRows = (loss: (row: number) => number): number =>
  weights.reduce((sum, weight, row) => sum + (weight > 0 ? weight * loss(row) : 0), 0)
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

async function ours(reading: 'separate' | 'literal' | 'align'): Promise<number> {
  const [common, ...specific] = vectors
    .map((vector) => constant(Float32Array.from(vector.flat()), [rows, width]))
    .reverse()
  const contrast = disentanglement({ reading, temperature, modalities: 2 })
  const interests = { specific: specific.reverse(), common: [common as Tensor] }
  const loss = contrast(interests, constant(Float32Array.from(weights), [rows]))
  await using program = await compile(buildGraph({ loss }), { threads: 1 })
  await program.run()
  return Number(program.outputs['loss']?.[0])
}

describe('disentanglement', () => {
  it('separates: the mean over vectors of the log-sum of their similarities to the others', async () => {
    const expected = overRows(
      (row) => total(others(-1).map((i) => Math.log(total(others(i).map((k) => kernel(at(i, row), at(k, row))))))) / 5,
    )
    expect(await ours('separate')).toBeCloseTo(expected, 5)
  })

  it('is eq. 20 as printed', async () => {
    const pair = (row: number, i: number, j: number): number =>
      -Math.log(kernel(at(i, row), at(j, row)) / total(others(i).map((k) => kernel(at(i, row), at(k, row)))))
    const expected = overRows((row) => total(others(-1).flatMap((i) => others(i).map((j) => pair(row, i, j)))))
    expect(await ours('literal')).toBeCloseTo(expected, 3)
  })

  it('aligns modalities of one behavior and behaviors of one modality against other rows that are no padding', async () => {
    // Slots: click id, click image, favorite id, favorite image.
    const pairs = [
      [0, 1],
      [2, 3],
      [0, 2],
      [1, 3],
    ] as const
    const loss = (row: number, [i, j]: (typeof pairs)[number]): number =>
      -Math.log(kernel(at(i, row), at(j, row)) / total([0, 1].map((other) => kernel(at(i, row), at(j, other)))))
    expect(await ours('align')).toBeCloseTo(
      overRows((row) => total(pairs.map((pair) => loss(row, pair))) / 4),
      5,
    )
  })
})
