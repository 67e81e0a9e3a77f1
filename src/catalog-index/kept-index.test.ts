import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { buildProducts } from './catalog-index.ts'
import { keptIndex } from './kept-index.ts'
import { productIndexes } from './usearch.ts'

const width = 4
const place = temporaryFolder()
afterAll(() => place[Symbol.dispose]())
const indexes = await productIndexes()
const itemsOf = (rows: number, first = 0.5) => ({
  table: Float32Array.from({ length: rows * width }, (_, at) => (at === width ? first : Math.sin(at))),
  width,
  bias: false,
})

/** Asks for the index of a folder, and tells whether it was made or read. */
async function asked(name: string, items: ReturnType<typeof itemsOf>) {
  let made = 0
  const kept = await keptIndex({
    folder: join(place.path, name),
    indexes,
    items,
    async make() {
      made++
      return { products: await buildProducts(indexes, items, 1), breadth: 128, recall: 0.995 }
    },
  })
  return { ...kept, made }
}

describe('the file of an index', () => {
  it('is made once, and read afterwards', async () => {
    const items = itemsOf(200)
    const first = await asked('twice', items)
    const second = await asked('twice', items)
    expect([first.made, second.made]).toEqual([1, 0])
    expect(second).toMatchObject({ breadth: 128, recall: 0.995 })
    const vector = Float32Array.of(...items.table.subarray(8 * width, 9 * width), 0)
    expect(second.products.near(vector, 20)).toEqual(first.products.near(vector, 20))
    expect(readdirSync(join(place.path, 'twice')).sort()).toEqual(['index.json', 'items.usearch'])
  })

  it('is made once by two that ask together', async () => {
    const both = await Promise.all([asked('together', itemsOf(200)), asked('together', itemsOf(200))])
    expect(both.reduce((sum, { made }) => sum + made, 0)).toBe(1)
  })

  it('is made anew where it is torn, and where its note is', async () => {
    const items = itemsOf(200)
    await asked('torn', items)
    const [file, note] = ['items.usearch', 'index.json'].map((name) => join(place.path, 'torn', name)) as [
      string,
      string,
    ]
    truncateSync(file, 1000)
    expect((await asked('torn', items)).made).toBe(1)
    const bytes = readFileSync(file)
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
    writeFileSync(file, bytes)
    expect((await asked('torn', items)).made).toBe(1)
    for (const text of ['{', '{}', readFileSync(note, 'utf8').replace('"version": 2', '"version": 1')]) {
      writeFileSync(note, text)
      expect((await asked('torn', items)).made).toBe(1)
    }
    expect((await asked('torn', items)).made).toBe(0)
  })

  it('is made anew for other parameters, and not for a few items that came later', async () => {
    await asked('stale', itemsOf(200))
    expect((await asked('stale', itemsOf(200, 0.25))).made).toBe(1)
    expect((await asked('stale', itemsOf(230, 0.25))).made).toBe(0)
    expect((await asked('stale', itemsOf(230, 0.25))).products.size).toBe(199)
    expect((await asked('stale', itemsOf(1300, 0.25))).made).toBe(1)
    expect((await asked('stale', itemsOf(200, 0.25))).made).toBe(1)
  })
})
