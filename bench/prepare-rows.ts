/**
 * @file `npm run -s bench -- prepare-rows [ROWS...]`: the peak memory of preparing generated logs of so many events, by
 * default 5 and 20 million, of the same users and items, in sixteen partitions. It should not grow with the rows: the
 * database may use far less than either log takes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../src/storage/duckdb.ts'
import { prepareApart } from './prepare-apart.ts'
import type { BenchResult } from './result.ts'

const shop = { users: 500_000, items: 100_000 }
const usualRows = [5_000_000, 20_000_000]
const settings = { partitions: 16, memoryLimit: '600MB' }
const limit = 4

/** The peak of the largest log beside the limit; one log after the other, each removed before the next. */
export async function prepareRows(): Promise<BenchResult> {
  const named = process.argv.slice(3).map(Number)
  const measured: { rows: number; seconds: number; processorSeconds: number; gigabytes: number }[] = []
  for (const rows of named.length > 0 ? named : usualRows) {
    const folder = mkdtempSync(join(tmpdir(), 'prepare-rows-'))
    try {
      await generate(folder, rows)
      measured.push({ rows, ...(await prepareApart(folder, settings)) })
      console.error(JSON.stringify(measured.at(-1)))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const peak = Math.max(...measured.map(({ gigabytes }) => gigabytes))
  return {
    name: 'prepare-rows',
    ours: peak,
    peer: null,
    ratio: peak / limit,
    unit: 'GB',
    settings: { ...shop, ...settings, limit, measured },
  }
}

/** A few users and items have many events, most have few. */
async function generate(folder: string, rows: number): Promise<void> {
  const uniform = (key: number): string => `(hash(r * 16 + ${key}) % 1000003) / 1000003.0`
  const events = `SELECT 'u' || floor(${shop.users} * pow(${uniform(1)}, 1.4))::INTEGER AS user,
    'i' || floor(${shop.items} * pow(${uniform(2)}, 2))::INTEGER AS item,
    CASE WHEN hash(r * 13 + 5) % 7 = 0 THEN 'favorite' ELSE 'click' END AS behavior, 1600000000 + r // 2 AS time
    FROM range(${rows}) t(r)`
  using db = await openDatabase()
  await db.run(`COPY (${events}) TO '${join(folder, 'events.csv')}' (HEADER)`)
  writeFileSync(join(folder, 'shop.yaml'), 'behaviors: [click, favorite]\nfilters: { minimumEventsPerUser: 5 }\n')
}
