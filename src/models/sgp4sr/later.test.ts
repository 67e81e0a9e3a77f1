import { describe, expect, it } from 'vitest'
import { splitDataset } from '../../dataset/splits.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { compile } from '../../runtime/node.ts'
import { input } from '../../tensor/node.ts'
import { sparseProduct } from '../../tensor/sparse-product.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { type TinyEvent, type TinySettings, tinyDataset } from '../../testing/tiny-dataset.ts'
import type { Compute, LaterOffline, Offline } from '../contract/model.ts'
import { sgp4srConfig } from './config.ts'
import { offline } from './offline.ts'

const compute: Compute = (outputs) => compile(buildGraph(outputs), { threads: 1 })
type Vectors = NonNullable<NonNullable<TinySettings['features']>['text']>

/** Four items on a circle, their pictures turned the other way: 1 is near 2, and 3 near 4; 4 has no picture. */
const angles = [0, 20, 90, 120]
const onCircle = (degrees: number): number[] => [
  Math.cos((degrees * Math.PI) / 180),
  Math.sin((degrees * Math.PI) / 180),
]
const text: Vectors = angles.map(onCircle)
const image: Vectors = angles.map((angle, at) => (at === 3 ? null : onCircle(-angle)))
/** Two users: one of 1 and 2, one of 3 and 4; their last two events are held out. */
const events: readonly TinyEvent[] = [1, 2, 1, 2].flatMap((item, at): TinyEvent[] => [
  [1, item, 'click', at],
  [2, item + 2, 'click', at],
])
const before = tinyDataset({ events, items: 4, features: { image, text } })
const split = splitDataset(before, { protocol: 'leave-one-out' })

/**
 * Later: a new item with both, one with a text alone, one with neither, and the known ones turned round: 4, 3, 2, 1 are
 * now 4 to 7. The first is at 10 degrees between 1 and 2, and in its picture next to 3; the second is next to 4.
 */
const items = { before: 4, now: Int32Array.of(0, 0, 0, 0, 4, 3, 2, 1) }
const after = tinyDataset({
  events: [[1, 1, 'click', 9]],
  users: 2,
  items: 7,
  features: {
    image: [onCircle(-89), null, null, ...image.toReversed()],
    text: [onCircle(9), onCircle(121), null, ...text.toReversed()],
  },
})
const users = { before: 2, now: Int32Array.of(0, 1, 2) }

const config = (options: object) => sgp4srConfig.parse({ neighbors: 2, centers: 2, ...options })
async function laterOf(
  options: object = {},
  dataset = after,
  places = items,
): Promise<LaterOffline & { early: Offline }> {
  const early = await offline.make(config(options), { dataset: before, split, compute })
  return { early, ...(await offline.later(config(options), early, { dataset, items: places, users, compute })) }
}

/** What each item reads of each by a graph, rounded. */
async function rowsOf(name: string, made: Offline, count: number): Promise<number[][]> {
  const one = Float32Array.from({ length: count ** 2 }, (_, at) => (at % (count + 1) === 0 ? 1 : 0))
  const feeds = Object.fromEntries(Object.entries(made).map(([key, { data }]) => [key, data]))
  const product = sparseProduct(name, made)(input('one', [count, count]))
  const values = await evaluateTensor(product, { ...feeds, one })
  return Array.from({ length: count }, (_, row) =>
    Array.from(values.slice(row * count, (row + 1) * count), (value) => Math.round(1000 * value) / 1000),
  )
}

describe('SGP4SR on a later dataset', () => {
  it('has the rows of known items by their later numbers, and new ones read the nearest known ones', async () => {
    const { early, made } = await laterOf()
    // By the text 1 and 2 read both, 3 and 4 both.
    expect(await rowsOf('graph.text', early, 5)).toEqual([
      [0, 0, 0, 0, 0],
      [0, 0.5, 0.5, 0, 0],
      [0, 0.5, 0.5, 0, 0],
      [0, 0, 0, 0.5, 0.5],
      [0, 0, 0, 0.5, 0.5],
    ])
    expect(await rowsOf('graph.text', made, 8)).toEqual([
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0.5, 0.5],
      [0, 0, 0, 0, 0.5, 0.5, 0, 0],
      [0, 0, 0, 1, 0, 0, 0, 0],
      [0, 0, 0, 0, 0.5, 0.5, 0, 0],
      [0, 0, 0, 0, 0.5, 0.5, 0, 0],
      [0, 0, 0, 0, 0, 0, 0.5, 0.5],
      [0, 0, 0, 0, 0, 0, 0.5, 0.5],
    ])
    // By the picture the new item reads 3 and then 2; 4, which has none, still reads itself.
    const image = await rowsOf('graph.image', made, 8)
    expect(image[1]).toEqual([0, 0, 0, 0, 0, 0.5, 0.5, 0])
    expect([image[2], image[4]]).toEqual([
      [0, 0, 1, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 1, 0, 0, 0],
    ])
  })

  it('has co-occurrence of training alone: nobody met the new items, whatever came since', async () => {
    const { made } = await laterOf()
    const id = await rowsOf('graph.id', made, 8)
    for (const item of [1, 2, 3]) expect(id[item]).toEqual(Array.from({ length: 8 }, (_, at) => (at === item ? 1 : 0)))
    expect([id[7], id[6]]).toEqual([
      [0, 0, 0, 0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0, 0, 0, 1],
    ])
  })

  it('has the members of centers by their later numbers, and new items in none', async () => {
    const { early, made } = await laterOf()
    const [was, is] = [early['centers.text'], made['centers.text']] as [Offline[string], Offline[string]]
    expect(is.shape).toEqual([2, 8])
    for (const center of [0, 1]) {
      const own = [...was.data.subarray(5 * center, 5 * (center + 1))]
      expect([...is.data.subarray(8 * center, 8 * (center + 1))]).toEqual([0, 0, 0, 0, ...own.slice(1).toReversed()])
    }
  })

  it('begins a new embedding as those of its kin, by the weights of the modalities that the item has', async () => {
    const { kin, newItems } = await laterOf({ rho: 0.25 })
    const close = (...entries: [number, number][]) => entries.map(([item, weight]) => [item, expect.closeTo(weight, 6)])
    expect(kin?.get(1)).toEqual(close([5, 0.125], [6, 0.125], [7, 0.375], [6, 0.375]))
    expect(kin?.get(2)).toEqual(close([4, 0.5], [5, 0.5]))
    expect(kin?.has(3)).toBe(false)
    expect(newItems).toBe(
      'new items start from the known items that their pictures and texts are most like; 1 of them has neither and starts as the average item',
    )
    // A picture that counts nothing still tells of an item that has nothing else.
    const bare = {
      ...after,
      features: {
        ...after.features,
        text: { ...after.features.text!, present: Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1) },
      },
    }
    expect((await laterOf({ rho: 0 }, bare)).kin?.get(1)).toEqual(close([5, 0.5], [6, 0.5]))
  })

  it('shares the weight of what is gone among what is left', async () => {
    const places = { before: 4, now: Int32Array.of(0, 1, 3) }
    const fewer = tinyDataset({
      events: [[1, 1, 'click', 9]],
      items: 2,
      features: { image: [image[0]!, image[2]!], text: [text[0]!, text[2]!] },
    })
    const { made, kin } = await laterOf({}, fewer, places)
    expect(await rowsOf('graph.text', made, 3)).toEqual([
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ])
    const centers = made['centers.text'] as Offline[string]
    expect([...centers.data].map(Number).sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 1, 1])
    expect(kin?.size).toBe(0)
  })

  it('is made for what the options read', async () => {
    const kinds = async (options: object): Promise<string[]> =>
      [
        ...new Set(Object.keys((await laterOf(options)).made).map((name) => name.split('.').slice(0, 2).join('.'))),
      ].sort()
    expect(await kinds({ withoutCenters: true })).toEqual(['graph.id', 'graph.image', 'graph.text'])
    expect(await kinds({ withoutGraphs: true })).toEqual(['centers.image', 'centers.text'])
    expect(await kinds({ withoutBoth: true })).toEqual([])
    const fused = await laterOf({ withoutSeparation: true })
    // By both at once it is as near to 3 in its picture as it is to 1 and 2 in its text; the second has a text alone.
    expect(Object.keys(fused.made)).toContain('graph.fused.forward.0.ids')
    expect(fused.kin?.get(2)?.map(([item]) => item)).toEqual([4, 5])
  })
})
