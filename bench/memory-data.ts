/** @file The dataset of the bench `memory`: two million events of a made-up shop, the same in every run. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { precomputedFeatures } from '../src/features/precomputed.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { randomStream } from '../src/random/stream.ts'
import { openDatabase } from '../src/storage/duckdb.ts'
import { encodeSafetensors } from '../src/storage/safetensors.ts'

/** How large the shop is. */
export const memoryShop = { events: 2_000_000, users: 60_000, items: 30_000, tastes: 150, text: 256, image: 512 }

/** The numbers of a made-up shop; without widths of vectors it has neither pictures nor texts. */
type MadeUpShop = Readonly<
  Record<'events' | 'users' | 'items' | 'tastes', number> & Partial<Record<'text' | 'image', number>>
>

/** Makes a shop in a folder, unless it is there. */
export async function makeMadeUpShop(folder: string, shop: MadeUpShop): Promise<string> {
  const out = join(folder, 'data')
  if (existsSync(out)) return out
  mkdirSync(folder, { recursive: true })
  const [events, items, mapping] = ['events.csv', 'items.csv', 'shop.yaml'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await writeLog(events, items, shop)
  writeFileSync(mapping, 'behaviors: [click, favorite]\ntarget: favorite\n')
  const vectors = Object.fromEntries(
    (['text', 'image'] as const).flatMap((modality) => {
      const width = shop[modality]
      if (width === undefined) return []
      const file = join(folder, `${modality}.safetensors`)
      writeVectors(file, modality, { items: shop.items, width })
      return [[modality, { vectors: file }] as const]
    }),
  )
  const features = Object.keys(vectors).length > 0 ? { features: precomputedFeatures(vectors) } : {}
  await prepareDataset({ events, items, mapping, out, ...features })
  return out
}

/** A few users and items have many events, most have few; 19 of 20 events are of items of the user's own taste. */
async function writeLog(eventFile: string, itemFile: string, shop: MadeUpShop): Promise<void> {
  const { events, users, items, tastes } = shop
  const ofTaste = Math.floor(items / tastes)
  const uniform = (key: number): string => `(hash(r * 16 + ${key}) % 1000003) / 1000003.0`
  using db = await openDatabase()
  const drawn = `SELECT r, floor(${users} * pow(${uniform(1)}, 1.4))::INTEGER AS u FROM range(${events}) t(r)`
  const own = `(hash(u) % ${tastes}) * ${ofTaste} + floor(${ofTaste} * pow(${uniform(2)}, 1.5))`
  const any = `floor(${items} * pow(${uniform(3)}, 2))`
  const rows = `SELECT 'u' || u AS user, 'i' || (CASE WHEN ${uniform(4)} < 0.05 THEN ${any} ELSE ${own} END)::INTEGER AS item,
    CASE WHEN ${uniform(5)} < 0.25 THEN 'favorite' ELSE 'click' END AS behavior, 1600000000 + 10 * r AS time FROM (${drawn})`
  await db.run(`COPY (${rows}) TO '${eventFile}' (HEADER)`)
  await db.run(
    `COPY (SELECT 'i' || r AS id, 'Item number ' || r AS title, 'c' || (r // ${ofTaste}) AS category,
      'b' || (hash(r) % 500) AS brand FROM range(${items}) t(r)) TO '${itemFile}' (HEADER)`,
  )
}

function writeVectors(
  file: string,
  modality: 'text' | 'image',
  { items, width }: { readonly items: number; readonly width: number },
): void {
  const stream = randomStream(1, 'memory-shop', modality)
  const data = Float32Array.from({ length: items * width }, () => stream.normal())
  const ids = JSON.stringify(Array.from({ length: items }, (_, item) => `i${item}`))
  writeFileSync(file, encodeSafetensors({ [modality]: { shape: [items, width], data } }, { ids }))
}

const [work] = process.argv.slice(2)
if (process.send && work) {
  process.send(await makeMadeUpShop(work, memoryShop))
  process.disconnect()
}
