import { expect, it } from 'vitest'
import type { Impressions } from '../../batches/impressions.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input, integers, sizeOf } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import { itemsRead, readsCatalog } from './catalog-once.ts'
import { itemVectors } from './item-vectors.ts'

const catalog = bareCatalog({ itemCount: 9, fields: { category: 4 }, features: { image: 5, text: 3 } })
/** A batch of candidates with histories of so many events. */
const batchOf = (rows: number, histories: number, length: number) =>
  ({ serving: true, rows, histories, history_HL: input('history', [histories, length], 'int64') }) as Impressions

it('the catalog is projected once where a batch reads more items than there are, or is one request', async () => {
  const [few, many, request] = [batchOf(2, 2, 2), batchOf(2, 2, 5), batchOf(3, 1, 2)]
  expect([few, many, request].map((batch) => readsCatalog(catalog, batch))).toEqual([false, true, true])
  const vectors = itemVectors(catalog, { embeddingSize: 2, modalitySize: 4 })
  expect(vectors.names).toEqual(['id', 'image', 'text'])
  const ids = integers([3, 0, 9, 3])
  const [asked, lookedUp] = [few, many].map((batch) => vectors.in(batch)(ids)) as [Tensors, Tensors]
  const every = vectors.in(many)()
  const named = Object.fromEntries(
    vectors.names.flatMap((name, at) => [
      [`asked ${name}`, asked[at]!],
      [`looked up ${name}`, lookedUp[at]!],
      [`every ${name}`, every[at]!],
    ]),
  )
  const random = randomStream(2)
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape, dtype }] of buildGraph(named).inputs)
    feeds[name] =
      dtype === 'int64'
        ? BigInt64Array.from({ length: sizeOf(shape) }, (_, at) => BigInt(at % 4))
        : Float32Array.from({ length: sizeOf(shape) }, () => random.normal())
  const values = await evaluateTensors<string>(named, feeds)
  for (const name of vectors.names) {
    const rows = Array.from(values[`asked ${name}`]!, Number)
    const all = Array.from(values[`every ${name}`]!, Number)
    const expected = [3, 0, 9, 3].flatMap((item) => all.slice(4 * item, 4 * item + 4))
    for (const found of [rows, Array.from(values[`looked up ${name}`]!, Number)])
      for (const [at, value] of found.entries()) expect(value).toBeCloseTo(expected[at]!, 5)
  }
})

it('in training the catalog’s other items look up the pad’s rows, so that a step moves the rows it reads', async () => {
  const batch = { ...batchOf(2, 2, 5), serving: false, item_B: input('item', [2], 'int64') } as Impressions
  const read = itemsRead(catalog, batch)!
  const [id] = itemVectors(catalog, { embeddingSize: 1, modalitySize: 1 }).in(batch)()
  const feeds = {
    history: BigInt64Array.of(1n, 2n, 2n, 0n, 0n, 5n, 0n, 0n, 0n, 0n),
    item: BigInt64Array.of(7n, 1n),
    // Rows of ids and categories: an item's own and 3.
    'item.fields': BigInt64Array.from({ length: 20 }, (_, at) => (at % 2 ? 3n : BigInt(at / 2))),
    'field.item.id': Float32Array.from({ length: 10 }, (_, row) => row),
    'field.item.category': Float32Array.of(0, 0, 0, 100),
    'id.weight': Float32Array.of(1, 1),
    'id.bias': Float32Array.of(0),
  }
  const values = await evaluateTensors({ read, id: id! }, feeds)
  expect(Array.from(values.read, Number)).toEqual([1, 1, 1, 0, 0, 1, 0, 1, 0, 0])
  expect(Array.from(values.id, Number)).toEqual([100, 101, 102, 0, 0, 105, 0, 107, 0, 0])
})

type Tensors = ReturnType<ReturnType<ReturnType<typeof itemVectors>['in']>>
