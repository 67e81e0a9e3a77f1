/** @file How much memory preparing may use. */
import { UserError } from '../errors.ts'

const units: Record<string, number> = {
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}
/** Below, not even an empty log can be read; above, nobody has it. */
const limits = { least: 64e6, most: 1e15 }

/**
 * The bytes of a limit such as `2GB`.
 * @throws UserError `invalid`, naming the flag
 */
export function memoryBytes(text: string): number {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b)\s*$/i.exec(text) ?? []
  const bytes = Math.round(Number(number) * (units[unit.toLowerCase()] ?? Number.NaN))
  if (bytes >= limits.least && bytes <= limits.most) return bytes
  throw new UserError({
    where: '--memory-limit',
    problem: 'invalid',
    value: `"${text}"`,
    expected: 'a size from 64MB to 1000TB, such as 2GB',
  })
}

/** What decides how much memory preparing takes. */
export interface PreparedSizes {
  /** Records of the log, as far as its size tells. */
  readonly rows: number
  /** Columns of the log that are kept: user, item, time, behavior and those that conditions read. */
  readonly columns: number
  /** Bytes of text in a record beyond those that the database keeps in place. */
  readonly longText: number
  /** Events that a record makes on average. */
  readonly eventsPerRow: number
  readonly impressions: boolean
  readonly items: { readonly rows: number; readonly bytes: number }
  /** The vectors, and what they are made of. */
  readonly vectorBytes: number
  /** Bytes that the database may use. */
  readonly limit: number
  /** In how many partitions the log is worked on. */
  readonly partitions: number
}

/** Bytes that preparing takes at its peak, in parts. */
export interface MemoryEstimate {
  readonly log: number
  readonly items: number
  readonly vectors: number
  readonly total: number
}

/** Node, DuckDB and our code, as measured on an empty log. */
const base = 180e6
/**
 * Bytes, fitted to the peaks of 0.2 to 20 million generated events: what reading takes at once, a short text in a
 * table, an event while duplicates are looked for, or where partitions are made of the log, whose number made no
 * difference; an impression, and an item with its numbers.
 */
const fitted = { reading: 36e6, text: 16, event: 105, dividedEvent: 50, impression: 75, item: 250 }

/** The memory that preparing takes. The log and the items share the database, which spills to disk at its limit. */
export function estimateMemory(sizes: PreparedSizes): MemoryEstimate {
  const { rows, columns, longText, eventsPerRow, impressions, items, vectorBytes: vectors, limit, partitions } = sizes
  const event = partitions > 1 ? fitted.dividedEvent : fitted.event
  const perRow = fitted.text * columns + longText + event * eventsPerRow + (impressions ? fitted.impression : 0)
  const [log, catalog] = [fitted.reading + rows * perRow, items.rows * fitted.item + 1.5 * items.bytes]
  // Its own buffers come on top of the limit. Those of a partition are small.
  const most = partitions > 1 ? limit : 1.1 * limit + 150e6
  const share = Math.min(1, most / (log + catalog))
  return { log: log * share, items: catalog * share, vectors, total: base + (log + catalog) * share + vectors }
}

/** From here on it is told. */
const worthTelling = 500e6

/** The line that says it, if it is much. */
export function memoryLine({ log, items, vectors, total }: MemoryEstimate): string | undefined {
  if (total < worthTelling) return undefined
  const parts = Object.entries({ 'reading the log': log, items, vectors }).filter(([, bytes]) => bytes >= 50e6)
  return `memory: about ${gigabytes(total)} (${parts.map(([name, bytes]) => `${name} ${gigabytes(bytes)}`).join(', ')})`
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
