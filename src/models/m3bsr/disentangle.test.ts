import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { compile } from '../../runtime/node.ts'
import { reshape } from '../../tensor/move.ts'
import { constant, integers, type Tensor } from '../../tensor/node.ts'
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

const noEvents = { streams_BLD: [], item_BL: integers([]), behavior_BL: integers([]) }

async function valueOf(loss: Tensor): Promise<number> {
  await using program = await compile(buildGraph({ loss }), { threads: 1 })
  await program.run()
  return Number(program.outputs['loss']?.[0])
}

async function ours(reading: 'separate' | 'literal'): Promise<number> {
  const [common, ...specific] = vectors
    .map((vector) => constant(Float32Array.from(vector.flat()), [rows, width]))
    .reverse()
  const interests = { specific: specific.reverse(), common: [common as Tensor] }
  const weight_P = constant(Float32Array.from(weights), [rows])
  return valueOf(disentanglement({ reading, temperature })({ interests, weight_P, ...noEvents }))
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

  it('aligns an event’s modalities, and an item’s events of two behaviors, against events of other items', async () => {
    const [length, modalities] = [3, 2]
    // Two users; the first clicked item 7 before it was a favorite, the last event of the second is padding.
    const item = [7, 2, 7, 2, 5, 0]
    const behavior = [1, 1, 2, 2, 1, 0]
    const events = Array.from({ length: modalities }, () =>
      item.map(() => Array.from({ length: width }, () => stream.normal())),
    )
    const found = await valueOf(
      disentanglement({ reading: 'align', temperature })({
        interests: { specific: [], common: [] },
        weight_P: constant(new Float32Array(1), [1]),
        streams_BLD: events.map((rowsOf) => constant(Float32Array.from(rowsOf.flat()), [2, length, width])),
        item_BL: reshape(integers(item), [2, length]),
        behavior_BL: reshape(integers(behavior), [2, length]),
      }),
    )
    const places = [0, 1, 2, 3, 4]
    const lossOf = ([first, i]: readonly [number, number], [second, j]: readonly [number, number]): number => {
      const against = (place: number): number => kernel(events[first]?.[i], events[second]?.[place])
      const others = total(places.filter((place) => item[place] !== item[i]).map(against))
      return -Math.log(against(j) / (against(j) + others))
    }
    const ofModalities = total(places.map((place) => lossOf([0, place], [1, place]))) / places.length
    const ofBehaviors = [0, 1].map((modality) => lossOf([modality, 0], [modality, 2]))
    expect(found).toBeCloseTo((ofModalities + total(ofBehaviors)) / 3, 5)
  })
})
