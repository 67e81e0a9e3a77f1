import { describe, expect, it } from 'vitest'
import { topItems } from '../dataset/top-items.ts'
import type { ItemTable } from '../models/contract/scorer.ts'
import { randomStream } from '../random/stream.ts'
import { type Asked, breadthFor, buildProducts, catalogIndex, recallOf } from './catalog-index.ts'
import { type ProductIndex, productIndexes } from './usearch.ts'

const width = 16

/** Vectors around so many centers, of lengths that differ as those of popular items do. */
function clustered(rows: number, { seed = 1, centers = 40 } = {}): ItemTable {
  const random = randomStream(seed)
  const normal = (): number => random.uniform() + random.uniform() + random.uniform() - 1.5
  const middles = Float32Array.from({ length: centers * width }, normal)
  const table = new Float32Array(rows * width)
  for (let row = 1; row < rows; row++) {
    const long = 0.5 + random.uniform()
    for (let at = 0; at < width; at++)
      table[row * width + at] = long * ((middles[(row % centers) * width + at] as number) + 0.3 * normal())
  }
  return { table, width, bias: false }
}

/** Users near to items, with what exact search gives each of them. */
function askedOf({ table }: ItemTable, users: number): Asked[] {
  const rows = table.length / width
  return Array.from({ length: users }, (_, user) => {
    const near = 1 + ((user * 37) % (rows - 1))
    const vector = table.slice(near * width, (near + 1) * width)
    return { vector, best: topItems(scoresOf(table, vector), 10) }
  })
}

function scoresOf(table: Float32Array, vector: Float32Array): Float32Array {
  const scores = new Float32Array(table.length / width)
  for (let row = 0; row < scores.length; row++)
    for (let at = 0; at < width; at++)
      scores[row] = (scores[row] as number) + (vector[at] as number) * (table[row * width + at] as number)
  return scores
}

const indexes = await productIndexes()
const items = clustered(3001)
const products = await buildProducts(indexes, items, 1)

describe('an index', () => {
  it('finds nearly all of the best items, and scores what it finds as exact search does', () => {
    const asked = askedOf(items, 100)
    const index = catalogIndex(items, products, 128)
    expect(products.size).toBe(3000)
    expect(recallOf(index, asked)).toBeGreaterThanOrEqual(0.98)
    const [{ vector, best }] = asked as [Asked]
    const found = index.best(vector, 10)
    expect(found.map(({ item }) => item)).toEqual(best.map(({ item }) => item))
    for (const [at, { score }] of found.entries()) expect(score).toBeCloseTo(best[at]?.score as number, 5)
    const all = index.best(vector, 5000)
    expect(all.length).toBeGreaterThan(1000)
    expect(all.every(({ score }, at) => at === 0 || score <= (all[at - 1]?.score as number))).toBe(true)
  })

  it('finds short vectors among long ones', async () => {
    // A tenth of the items is six times as long as the rest; those that a user scores highest are short.
    const random = randomStream(3)
    const uneven = clustered(3001, { seed: 3 })
    for (let item = 1; item <= 3000; item++) {
      const long = item % 10 === 0 ? 6 : 1
      const row = uneven.table.subarray(item * width, (item + 1) * width)
      for (let at = 0; at < width; at++) row[at] = long * (random.uniform() - (at < 8 ? 0 : 0.5))
    }
    const asked = Array.from({ length: 100 }, () => {
      const vector = Float32Array.from({ length: width }, () => random.uniform() - 0.5)
      for (let at = 0; at < 8; at++) vector[at] = -1 - (vector[at] as number) ** 2
      return { vector, best: topItems(scoresOf(uneven.table, vector), 10) }
    })
    const index = catalogIndex(uneven, await buildProducts(indexes, uneven, 1), 256)
    expect(recallOf(index, asked)).toBeGreaterThanOrEqual(0.98)
  })

  it('finds the more the more items it looks at, and looks at as few as do', () => {
    const asked = askedOf(items, 100)
    const index = catalogIndex(items, products)
    const recalls = [1, 16, 256].map((breadth) => recallOf(index.widened(breadth), asked))
    expect(recalls).toEqual(recalls.toSorted((a, b) => a - b))
    expect(recalls[0]).toBeLessThan(recalls[2] as number)
    expect(breadthFor(index, asked, 0.98)).toEqual({ breadth: 128, recall: recallOf(index.widened(128), asked) })
    // Nothing does: the widest search is told as it is.
    const blind: ProductIndex = { ...products, size: 3000, near: () => [1, 2, 3] }
    const { breadth, recall } = breadthFor(catalogIndex(items, blind), asked, 0.98)
    expect(breadth).toBe(2048)
    expect(recall).toBeLessThan(0.1)
    expect(breadthFor(index, [], 0.98).recall).toBe(0)
  })

  it('scores all items that came after it was made', () => {
    const later = clustered(3011)
    later.table.set(items.table)
    const vector = Float32Array.from({ length: width }, (_, at) => at - 7)
    later.table.set(vector, 3007 * width)
    const [first] = catalogIndex(later, products, 128).best(vector, 1)
    expect(first?.item).toBe(3007)
    expect(catalogIndex(items, products, 128).best(vector, 1)[0]?.item).not.toBe(3007)
  })

  it('is refused in a sentence where its package is missing', async () => {
    const absent = productIndexes(() => Promise.reject(new Error('no prebuilt binary')))
    await expect(absent).rejects.toThrow(
      '--index: missing: usearch, expected the package that makes the index. install it: npm install usearch',
    )
  })

  it('puts the item of the lower index first where two score alike', () => {
    const twice = clustered(101)
    twice.table.copyWithin(50 * width, 7 * width, 8 * width)
    const own = catalogIndex(twice, { ...products, size: 100, near: () => [50, 9, 7] }, 3)
    const list = own.best(twice.table.slice(7 * width, 8 * width), 3).map(({ item }) => item)
    expect(list.indexOf(7)).toBe(list.indexOf(50) - 1)
  })
})
