import { describe, expect, it } from 'vitest'
import type { Dataset, Split } from '../../dataset/schema.ts'
import { withoutVectors } from '../../dataset/without-vectors.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { compile } from '../../runtime/node.ts'
import { input } from '../../tensor/node.ts'
import { type SparseMatrix, sparseProduct } from '../../tensor/sparse-product.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { type TinySettings, tinyDataset } from '../../testing/tiny-dataset.ts'
import type { Compute, Offline } from '../contract/model.ts'
import { modalGraph, type OfflineOptions, sgp4srOffline } from './graphs.ts'

const compute: Compute = (outputs) => compile(buildGraph(outputs), { threads: 2 })

const rowsOf = ({ rows, start, column }: SparseMatrix): number[][] =>
  Array.from({ length: rows }, (_, row) => [...column.subarray(start[row], start[row + 1])])

/** A symmetric co-occurrence matrix of items 1 to `items`. */
function together(items: number, pairs: readonly (readonly [number, number, number])[]): SparseMatrix {
  const start = new Int32Array(items + 2)
  const entries = pairs.flatMap(([a, b, count]) => [
    [a, b, count],
    [b, a, count],
  ])
  entries.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!)
  for (const [row] of entries)
    for (let after = row! + 1; after < start.length; after++) start[after] = start[after]! + 1
  const [column, value] = [
    Int32Array.from(entries, (entry) => entry[1]!),
    Float32Array.from(entries, (entry) => entry[2]!),
  ]
  return { rows: items + 1, columns: items + 1, start, column, value }
}

describe('modalGraph', () => {
  // Item 1's nearest by cosine are 2, 3, 4, 5; it is met most with 5, then as often with 4 as with 6. Item 7 has no
  // vector.
  const met = together(7, [
    [1, 5, 9],
    [1, 4, 2],
    [1, 6, 2],
  ])
  const modal = { count: 5, items: new Int32Array(8 * 5) }
  for (const [item, nearest] of [
    [],
    [1, 2, 3, 4, 5],
    [2, 1, 3, 4, 5],
    [3, 2, 4, 1, 5],
    [4, 3, 2, 1, 5],
    [5, 4, 3, 2, 1],
    [6, 5, 4, 3, 2],
  ].entries()) {
    modal.items.set(nearest, item * 5)
  }

  it('takes what both lists hold first, then the nearest, the item itself always, worked by hand', () => {
    // H_o = 2 of item 1: 5 and 4 (before 6, by index). With itself, both come before 2 and 3.
    expect(rowsOf(modalGraph(modal, met, { neighbors: 3, coOccurring: 2 }))[1]).toEqual([1, 4, 5])
    expect(rowsOf(modalGraph(modal, met, { neighbors: 4, coOccurring: 2 }))[1]).toEqual([1, 2, 4, 5])
    expect(rowsOf(modalGraph(modal, met, { neighbors: 3, coOccurring: 1 }))[1]).toEqual([1, 2, 5])
    // Item 6 is met with item 1 alone, which is not among its nearest.
    expect(rowsOf(modalGraph(modal, met, { neighbors: 3, coOccurring: 2 }))[6]).toEqual([4, 5, 6])
    expect(rowsOf(modalGraph(modal, met, { neighbors: 1, coOccurring: 1 }))[1]).toEqual([1])
  })

  it('is the nearest alone without co-occurrence', () => {
    expect(rowsOf(modalGraph(modal, met, { neighbors: 3, coOccurring: 0 }))[1]).toEqual([1, 2, 3])
  })

  it('leaves an item without a vector itself, and the pad nothing', () => {
    const graph = modalGraph(modal, met, { neighbors: 3, coOccurring: 2 })
    expect(rowsOf(graph)[7]).toEqual([7])
    expect(graph.value[graph.start[7]!]).toBe(1)
    expect(rowsOf(graph)[0]).toEqual([])
  })

  it('averages: every row but the pad sums to 1', () => {
    const { start, value } = modalGraph(modal, met, { neighbors: 4, coOccurring: 2 })
    expect([...value.subarray(start[1], start[2])]).toEqual([0.25, 0.25, 0.25, 0.25])
    for (let item = 1; item <= 7; item++)
      expect(value.subarray(start[item], start[item + 1]).reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 6)
  })
})

const options: OfflineOptions = {
  neighbors: 2,
  muModal: 2,
  muCoOccurrence: 0.5,
  centers: 2,
  seed: 1,
  withoutCoOccurrence: false,
}
// By image, 1 and 2 are near each other, and 4 and 5; 3 has none. Both users touch 1 and 4, and end with an event that
// does not train.
const settings: TinySettings = {
  events: [
    [1, 1, 'click', 1],
    [1, 4, 'click', 2],
    [1, 2, 'favorite', 3],
    [2, 4, 'click', 1],
    [2, 1, 'click', 2],
    [2, 5, 'favorite', 3],
  ],
  items: 5,
  features: { image: [[1, 0], [1, 0.1], null, [0.5, 1], [0, 1]] },
}

async function offline(
  changed: Partial<OfflineOptions> = {},
  data: Partial<TinySettings> = {},
  seen: (dataset: Dataset) => Dataset = (dataset) => dataset,
): Promise<Offline> {
  const dataset = seen(tinyDataset({ ...settings, ...data }))
  const trainEnd = dataset.events.start.subarray(1).map((end, user) => (user === 0 ? 0 : end - 1))
  const split: Split = { protocol: 'leave-one-out', trainEnd, validation: new Int32Array(0), test: new Int32Array(0) }
  return sgp4srOffline({ ...options, ...changed }, { dataset, split, compute })
}

/** A graph times the identity: its rows. */
async function dense(made: Offline, name: string): Promise<number[][]> {
  const product = sparseProduct(name, made)(input('x', [6, 6]))
  const feeds = Object.fromEntries(Object.entries(made).map(([key, { data }]) => [key, data]))
  const values = await evaluateTensor(product, {
    ...feeds,
    x: Float32Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? 1 : 0)),
  })
  return Array.from({ length: 6 }, (_, row) => values.slice(row * 6, row * 6 + 6))
}

describe('sgp4srOffline', () => {
  it('makes a silent graph and silent centers of vectors that were taken away', async () => {
    const made = await offline({}, {}, (dataset) => withoutVectors(dataset, ['image']))
    const whole = await offline()
    expect((await dense(made, 'graph.image')).flat().every((value) => value === 0)).toBe(true)
    expect(made['centers.image']?.shape).toEqual(whole['centers.image']?.shape)
    expect(new Set<unknown>(made['centers.image']?.data)).toEqual(new Set([0]))
  })

  it('makes the graphs and centers of the modalities there are', async () => {
    const made = await offline()
    expect([...new Set(Object.keys(made).map((name) => name.split('.').slice(0, 2).join('.')))]).toEqual([
      'graph.id',
      'graph.image',
      'centers.image',
    ])
    expect(await dense(made, 'graph.id')).toEqual([
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 1, 0],
      [0, 0, 1, 0, 0, 0],
      [0, 0, 0, 1, 0, 0],
      [0, 1, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 1],
    ])
    // All four vectors are candidates (H_m = 4); co-occurrence (H_o = 1) brings 1 and 4 together.
    expect(await dense(made, 'graph.image')).toEqual([
      [0, 0, 0, 0, 0, 0],
      [0, 0.5, 0, 0, 0.5, 0],
      [0, 0.5, 0.5, 0, 0, 0],
      [0, 0, 0, 1, 0, 0],
      [0, 0.5, 0, 0, 0.5, 0],
      [0, 0, 0, 0, 0.5, 0.5],
    ])
    const { shape, data } = made['centers.image']!
    expect(shape).toEqual([2, 6])
    const [near, far] = [
      [0, 0.5, 0.5, 0, 0, 0],
      [0, 0, 0, 0, 0.5, 0.5],
    ]
    expect([...data]).toEqual(data[1] === 0.5 ? [...near, ...far] : [...far, ...near])
  })

  it('goes by cosine alone without co-occurrence, and makes no centers where none are asked for', async () => {
    const made = await offline({ withoutCoOccurrence: true, centers: 0 })
    expect((await dense(made, 'graph.image'))[1]).toEqual([0, 0.5, 0.5, 0, 0, 0])
    expect(Object.keys(made).filter((name) => name.startsWith('centers'))).toEqual([])
  })

  it.each<[string, Partial<OfflineOptions>, Partial<TinySettings>]>([
    ["sgp4sr.neighbors: invalid: 6, expected at most the catalog's 5 items", { neighbors: 6 }, {}],
    ['sgp4sr.muCoOccurrence: invalid: 2, expected less than muModal, 2', { muCoOccurrence: 2 }, {}],
    ['sgp4sr.centers: invalid: 5, expected at most the 4 items with image features', { centers: 5 }, {}],
    ['sgp4sr text features: empty: no item has a vector', {}, { features: { text: [null, null, null, null, null] } }],
    [
      'image features of item "i2": invalid: all zeros',
      {},
      { features: { image: [[1, 0], [0, 0], [1, 1], [0, 1], null] } },
    ],
  ])('refuses: %s', async (message, changed, data) => {
    await expect(offline(changed, data)).rejects.toThrow(message)
  })
})
