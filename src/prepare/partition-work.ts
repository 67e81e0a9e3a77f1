/** @file Works on one partition for a preparation that another process runs. */
import { existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../errors.ts'
import { makeAtomically, writeAtomically } from '../storage/atomic.ts'
import { type Database, literal, openDatabase, pathLiterals } from '../storage/duckdb.ts'
import { waitForLock } from '../storage/lock.ts'
import { filterStep } from './filters.ts'
import { impressionStep } from './impressions.ts'
import { type PartitionStep, type PartitionWork, resultFiles, type ToldResult } from './partition-step.ts'
import { countRows } from './rows.ts'
import { sortStep } from './sorting.ts'

const steps: readonly PartitionStep<never>[] = [filterStep, impressionStep, sortStep]

/** Whether the result is there. */
export const isWorkDone = ({ stem }: PartitionWork): boolean => existsSync(resultFiles(stem).told)

/**
 * Works on a partition and writes the result, unless it is there already.
 * @throws UserError `missing` where the preparation has ended, or was started anew, meanwhile
 */
export async function workOnPartition(work: PartitionWork, signal?: AbortSignal): Promise<'finished' | 'interrupted'> {
  const { stem } = work
  if (!existsSync(dirname(stem))) {
    const expected = 'a preparation that waits for it'
    throw new UserError({ where: dirname(stem), problem: 'missing', value: 'the folder of a partition', expected })
  }
  // A worker that was taken for dead may still be at it.
  await using _ = await waitForLock(`${stem}.lock`, signal)
  if (signal?.aborted) return 'interrupted'
  if (!isWorkDone(work)) await workAnew(work)
  return 'finished'
}

async function workAnew({ step: name, told, tables, whole, stem, memoryLimit }: PartitionWork): Promise<void> {
  const step = steps.find((one) => one.name === name) as PartitionStep<never>
  const temporaryFolder = `${stem}-spill`
  const files = resultFiles(stem)
  try {
    // One thread, as every job of a worker has.
    using db = await openDatabase({ temporaryFolder, memoryLimit, threads: 1 })
    const make = (kind: 'TABLE' | 'VIEW', table: string, from: readonly string[]): Promise<void> =>
      db.run(`CREATE ${kind} ${table} AS FROM read_parquet(${pathLiterals(from)}, hive_partitioning = false)`)
    for (const [table, from] of Object.entries(tables)) await make('TABLE', table, from)
    for (const [table, file] of Object.entries(whole))
      await make(step.adds.includes(table) ? 'TABLE' : 'VIEW', table, [file])
    const before = new Map<string, number>()
    for (const table of step.adds) before.set(table, await countRows(db, table))
    const { rows, ...result } = await step.run(db, told as never)
    const sorted = result.order === undefined ? rows : `SELECT * FROM (${rows}) ORDER BY ${result.order}`
    await write(db, sorted, files.rows)
    for (const [table, count] of before) await write(db, `FROM ${table} OFFSET ${count}`, files.added(table))
    await writeAtomically(files.told, JSON.stringify(result satisfies ToldResult))
  } finally {
    rmSync(temporaryFolder, { recursive: true, force: true })
  }
}

const write = (db: Database, query: string, file: string): Promise<void> =>
  makeAtomically(file, (partial) => db.run(`COPY (${query}) TO ${literal(partial)} (FORMAT parquet)`))
