/**
 * @file `npm run -s bench -- prepare`: 5.8 million generated events, from CSV to a prepared dataset, in seconds and
 * memory.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../src/storage/duckdb.ts'
import { prepareApart } from './prepare-apart.ts'
import type { BenchResult } from './result.ts'

const sizes = { events: 5_852_725, users: 22_793, items: 93_466 }
const limits = { seconds: 60, gigabytes: 4 }

/** Seconds of one preparation, in a process of its own whose peak memory is read at its end. */
export async function prepare(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'prepare-'))
  try {
    await generate(folder)
    const { seconds, gigabytes } = await prepareApart(folder)
    return {
      name: 'prepare',
      ours: seconds,
      peer: null,
      ratio: null,
      unit: 's',
      settings: { ...sizes, peakGigabytes: gigabytes, limits },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function generate(folder: string): Promise<void> {
  using db = await openDatabase()
  const events = `SELECT 'u' || (hash(r) % ${sizes.users}) AS user, 'i' || (hash(r * 7 + 1) % ${sizes.items}) AS item,
    CASE WHEN hash(r * 13 + 5) % 7 = 0 THEN 'favorite' ELSE 'click' END AS behavior, 1600000000 + r AS time FROM range(${sizes.events}) t(r)`
  await db.run(`COPY (${events}) TO '${join(folder, 'events.csv')}' (HEADER)`)
  await db.run(
    `COPY (SELECT 'i' || r AS id, 'Item number ' || r AS title FROM range(${sizes.items}) t(r)) TO '${join(folder, 'items.csv')}' (HEADER)`,
  )
  writeFileSync(join(folder, 'shop.yaml'), 'behaviors: [click, favorite]\ntarget: favorite\n')
}
