/** @file How many records files have, by their sizes and the beginning of the first. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { constants, gunzipSync } from 'node:zlib'
import { type Database, pathLiterals } from '../../storage/duckdb.ts'

/** Records, and bytes as if no file were packed. */
interface FileSizes {
  readonly rows: number
  readonly bytes: number
}

/** What a sample unpacks to at most: a few bytes can stand for gigabytes. */
const largestSample = 1 << 26
/** So much of the first file stands for all. */
const sampleBytes = 1 << 20

/** The records and bytes of files of one layout, estimated; a Parquet file knows its records. */
export async function sizesOf(db: Database, files: readonly string[]): Promise<FileSizes> {
  const [first] = files
  if (first === undefined) return { rows: 0, bytes: 0 }
  const found = files.map((file) => statSync(file))
  // A pipe would be waited for, and then read twice.
  if (!found.every((file) => file.isFile())) return { rows: 0, bytes: 0 }
  const size = found.reduce((sum, file) => sum + file.size, 0)
  if (/\.(parquet|pq)$/i.test(first)) {
    const [counted] = await db.rows<{ rows: number }>(
      `SELECT count(*) AS rows FROM read_parquet(${pathLiterals(files)})`,
    )
    // Packed columns are about a third of their text.
    return { rows: counted?.rows ?? 0, bytes: 3 * size }
  }
  const packed = firstBytes(first)
  if (packed.length === 0) return { rows: 0, bytes: 0 }
  const text = /\.gz$/i.test(first)
    ? gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: largestSample })
    : packed
  const lines = text.reduce((count, byte) => (byte === 10 ? count + 1 : count), 0)
  return { rows: (size * Math.max(lines, 1)) / packed.length, bytes: (size * text.length) / packed.length }
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(Math.min(sampleBytes, statSync(path).size))
  const file = openSync(path, 'r')
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}
