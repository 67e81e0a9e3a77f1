/** @file The vectors of a catalog: what is kept is read, and the rest is encoded in batches. */
import { basename } from 'node:path'
import type { MadeFeatures } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Encoder } from './encoder.ts'
import type { KeptEncoder } from './kept-encoder.ts'
import { keyOf, openVectorCache, type VectorCache } from './vector-cache.ts'

/** What is encoded, and who hears of it. */
export interface Catalog {
  /** Texts, or paths of pictures: [items + 1], null where an item has none. */
  readonly inputs: readonly (string | null)[]
  /** What the inputs are, in the plural. */
  readonly what: string
  readonly report: (line: string) => void
}

const itemsOf = ({ inputs }: Catalog): number[] =>
  inputs.flatMap((input, item) => (input === null || item === 0 ? [] : [item]))

const tableOf = ({ inputs }: Catalog, width: number) => ({
  width,
  vectors: new Float32Array(inputs.length * width),
  present: new Uint8Array(inputs.length),
})

/**
 * Vectors of every item that has an input, each input encoded once, of however many items it is; `broken` names those
 * that could not be read.
 */
export async function encodeCatalog(encoder: Encoder<string>, catalog: Catalog): Promise<MadeFeatures | undefined> {
  const { inputs, what, report } = catalog
  const itemsBy = new Map<string, number[]>()
  for (const item of itemsOf(catalog)) {
    const [input, same] = [inputs[item] as string, itemsBy.get(inputs[item] as string)]
    if (same) same.push(item)
    else itemsBy.set(input, [item])
  }
  if (itemsBy.size === 0) return undefined
  const table = tableOf(catalog, encoder.width)
  const broken = new Set<string>()
  const different = [...itemsBy]
  for (let from = 0, told = 0; from < different.length; from += encoder.batchSize) {
    const batch = different.slice(from, from + encoder.batchSize)
    const { vectors, present } = await encoder.encode(batch.map(([input]) => input))
    for (const [row, [input, items]] of batch.entries()) {
      const vector = vectors.subarray(row * encoder.width, (row + 1) * encoder.width)
      for (const item of items) {
        table.present[item] = present[row] as number
        table.vectors.set(vector, item * encoder.width)
      }
      if (!present[row]) broken.add(input)
    }
    if (from - told >= 1000) {
      told = from
      report(`${what}: ${from} of ${different.length} encoded`)
    }
  }
  return { encoder: encoder.name, table, broken: [...broken].map((input) => basename(input)) }
}

/** An input that waits for its batch, with the items that have it. */
interface Waiting<Prepared> {
  readonly prepared: Prepared
  readonly items: number[]
}

/**
 * The same by an encoder whose vectors are kept in a folder. Equal inputs are encoded once. While the model reads a
 * batch, the next one is prepared.
 * @throws UserError `invalid` for a vector with a number that is not finite, and where the folder cannot be written
 */
export async function encodeKept<Prepared>(
  encoder: KeptEncoder<Prepared>,
  catalog: Catalog,
  folder: string,
): Promise<MadeFeatures | undefined> {
  const items = itemsOf(catalog)
  if (items.length === 0) return undefined
  const table = tableOf(catalog, encoder.width)
  const broken = new Set<string>()
  await using cache = await openVectorCache(folder, encoder.fingerprint, encoder.width)
  const progress = progressOf(catalog, items.length)
  const place = (item: number, vector: Float32Array): void => {
    // A row of zeros has no direction, and is no vector.
    if (!vector.some((value) => value !== 0)) return
    table.present[item] = 1
    table.vectors.set(vector, item * encoder.width)
  }
  let [waiting, sent] = [new Map<string, Waiting<Prepared>>(), new Map<string, Waiting<Prepared>>()]
  let running: Promise<void> = Promise.resolve()
  const send = async (): Promise<void> => {
    await running
    ;[sent, waiting] = [waiting, new Map()]
    running = encodeBatch(encoder, sent, { inputs: catalog.inputs, cache, place, progress })
    // It is awaited with the next batch; meanwhile a failure is not one that nobody heard of.
    running.catch(() => undefined)
  }
  for (const item of items) {
    const input = catalog.inputs[item] as string
    const content = await encoder.content(input)
    const key = content && keyOf(content)
    const same = key === undefined ? undefined : (waiting.get(key) ?? sent.get(key))
    if (same) {
      same.items.push(item)
      continue
    }
    const kept = key === undefined ? undefined : await cache.find(key)
    if (kept) {
      place(item, kept)
      progress.kept(1)
      continue
    }
    const prepared = content && (await encoder.prepare(content))
    if (key === undefined || prepared === undefined) {
      broken.add(input)
      progress.kept(1)
      continue
    }
    waiting.set(key, { prepared, items: [item] })
    if (waiting.size === encoder.batchSize) await send()
  }
  if (waiting.size > 0) await send()
  await running
  progress.done()
  return { encoder: encoder.name, table, broken: [...broken].map((input) => basename(input)) }
}

/** Where the vectors of a batch go. */
interface Destination {
  readonly inputs: Catalog['inputs']
  readonly cache: VectorCache
  readonly place: (item: number, vector: Float32Array) => void
  readonly progress: Progress
}

async function encodeBatch<Prepared>(
  { name, width, encode }: KeptEncoder<Prepared>,
  batch: Map<string, Waiting<Prepared>>,
  { inputs, cache, place, progress }: Destination,
): Promise<void> {
  const entries = [...batch]
  const vectors = await encode(entries.map(([, { prepared }]) => prepared))
  const rows = entries.map(([key, { items }], row) => ({
    key,
    items,
    vector: vectors.subarray(row * width, (row + 1) * width),
  }))
  const odd = rows.find(({ vector }) => !vector.every(Number.isFinite))
  if (odd) throw notFinite(basename(inputs[odd.items[0] as number] as string), name)
  await cache.add(rows)
  for (const { items, vector } of rows) for (const item of items) place(item, vector)
  // An equal input that comes later finds its vector in the cache.
  batch.clear()
  progress.encoded(
    rows.length,
    rows.reduce((sum, { items }) => sum + items.length, 0),
  )
}

const notFinite = (where: string, encoder: string): UserError =>
  new UserError({ where, problem: 'invalid', value: `a vector that is not finite by ${encoder}`, expected: 'numbers' })

/** Tells how far the work is. */
interface Progress {
  /** So many items needed no encoding. */
  kept(items: number): void
  /** So many inputs were encoded, for so many items. */
  encoded(inputs: number, items: number): void
  /** All is done. */
  done(): void
}

/** How often a line is written, in milliseconds. */
const tellEvery = 10_000

function progressOf({ what, report }: Catalog, all: number): Progress {
  let [done, computed, began, told] = [0, 0, performance.now(), performance.now()]
  const count = (value: number): string => value.toLocaleString('en-US')
  const rate = (now: number): number => computed / Math.max(1e-3, (now - began) / 1000)
  return {
    kept(items) {
      done += items
      // The clock runs from the first input that the model reads: what was kept takes no time.
      if (computed === 0) began = performance.now()
    },
    encoded(inputs, items) {
      done += items
      computed += inputs
      const now = performance.now()
      if (now - told < tellEvery || done === all) return
      told = now
      const speed = rate(now)
      const left = Math.ceil((all - done) / speed)
      const time =
        left < 90 ? `${left} s` : left < 5400 ? `${Math.round(left / 60)} min` : `${(left / 3600).toFixed(1)} h`
      report(`${what}: ${count(done)} of ${count(all)}, ${speed.toPrecision(3)} a second, at most ${time} left`)
    },
    done() {
      const speed = computed === 0 ? '' : `, ${rate(performance.now()).toPrecision(3)} a second`
      report(`${what}: ${count(computed)} encoded${speed}; ${count(all - computed)} were known or could not be read`)
    },
  }
}
