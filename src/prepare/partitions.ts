/**
 * @file The events and impressions of a log in partitions of whole users, so that memory does not grow with the log.
 * One partition is a table of the database. Several lie in files, and become a table one after another.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { type Database, literal, pathLiterals } from '../storage/duckdb.ts'
import {
  type Counts,
  type PartitionedTable,
  type PartitionStep,
  type PartitionWork,
  type PartitionWorkers,
  resultFiles,
  type StepRows,
  type ToldResult,
} from './partition-step.ts'
import { countRows } from './rows.ts'

/** Tables of which one partition at a time is in the database. */
export interface Partitions {
  readonly count: number
  /** Divides the rows of a query by its column `partition`, from 0. */
  divide(table: PartitionedTable, select: string): Promise<void>
  /** The SQL of all rows of a table, in no order. */
  all(table: PartitionedTable): string
  /** Puts what a step leaves of each partition in the place of a table's rows. */
  change<Told>(table: PartitionedTable, step: PartitionStep<Told>, told: Told): Promise<Counts>
  /** Writes what a step makes of each partition to one Parquet file, sorted by the step's order, without `row`. */
  write<Told>(tables: readonly PartitionedTable[], step: PartitionStep<Told>, told: Told, file: string): Promise<Counts>
}

/** Where several partitions lie, and who works on them. */
interface PartitionPlace {
  /** The folder for their files. */
  readonly folder: string
  /** What a database may use. */
  readonly memoryLimit: string
  /** Others that work on them; without, this process does. */
  readonly workers?: PartitionWorkers | undefined
}

/** More would be files of a few rows. */
const mostPartitions = 256

/**
 * How many partitions there are.
 * @throws UserError `invalid`, naming the flag
 */
export function checkPartitions(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= mostPartitions) return count
  const expected = `a whole number from 1 to ${mostPartitions}`
  throw new UserError({ where: '--partitions', problem: 'invalid', value: `${count}`, expected })
}

export function partitionsOf(db: Database, count: number, place: PartitionPlace): Partitions {
  return count === 1 ? onePartition(db) : filedPartitions(db, count, place)
}

/** The rows that DuckDB puts into a group of a Parquet file, if nothing else is said. */
const groupRows = 122_880
/** How the files of a dataset are written. */
const packed = `, COMPRESSION zstd, ROW_GROUP_SIZE ${groupRows}`
const copy = (db: Database, query: string, file: string, options = ''): Promise<void> =>
  db.run(`COPY (${query}) TO ${literal(file)} (FORMAT parquet${options})`)

function onePartition(db: Database): Partitions {
  return {
    count: 1,
    divide: (table, select) => db.run(`CREATE TABLE ${table} AS SELECT * EXCLUDE (partition) FROM (${select})`),
    all: (table) => table,
    change: async (_, step, told) => (await step.run(db, told)).counts,
    async write(_, step, told, file) {
      const { counts, rows, order } = await step.run(db, told)
      await copy(db, `SELECT * EXCLUDE (row) FROM (${rows}) ORDER BY ${order}`, file, packed)
      return counts
    },
  }
}

/** What a step left of a partition; `file` has its rows where another process worked on it. */
type Left = StepRows & { readonly file?: string }
type Use = (partition: number, left: Left) => Promise<void>

function filedPartitions(db: Database, count: number, { folder, memoryLimit, workers }: PartitionPlace): Partitions {
  /** The files of each partition's rows. */
  const files = new Map<PartitionedTable, (readonly string[])[]>()
  const filesOf = (table: PartitionedTable, partition: number): readonly string[] =>
    files.get(table)?.[partition] as readonly string[]
  /** The file of a partition without rows. */
  const noRows = (table: PartitionedTable): string => join(folder, `${table}.parquet`)
  const scan = (from: readonly string[]): string =>
    `FROM read_parquet(${pathLiterals(from)}, hive_partitioning = false)`
  const all = (table: PartitionedTable): string =>
    `(${Array.from({ length: count }, (_, partition) => scan(filesOf(table, partition))).join(' UNION ALL ')})`
  let calls = 0

  /** Does a step with each partition, and something with what it leaves of one, in their order. */
  async function each<Told>(
    tables: readonly PartitionedTable[],
    step: PartitionStep<Told>,
    told: Told,
    use: Use,
  ): Promise<Counts> {
    const sums: Record<string, number> = {}
    const stems = Array.from({ length: count }, (_, partition) => join(folder, `${calls}-${step.name}-${partition}`))
    calls++
    if (workers) await workers(await worksOf(tables, step, told, stems))
    for (const [partition, stem] of stems.entries()) {
      const left = workers ? leftBy(stem) : await here(partition, tables, step, told)
      for (const [name, found] of Object.entries(left.counts)) sums[name] = (sums[name] ?? 0) + found
      await use(partition, left)
      for (const table of workers ? [] : tables) await db.run(`DROP TABLE ${table}`)
    }
    if (workers)
      for (const table of step.adds)
        await db.run(`INSERT INTO ${table} ${scan(stems.map((stem) => resultFiles(stem).added(table)))}`)
    return sums
  }

  async function here<Told>(
    partition: number,
    tables: readonly PartitionedTable[],
    step: PartitionStep<Told>,
    told: Told,
  ): Promise<Left> {
    for (const table of tables) await db.run(`CREATE TABLE ${table} AS ${scan(filesOf(table, partition))}`)
    return step.run(db, told)
  }

  async function worksOf<Told>(
    tables: readonly PartitionedTable[],
    step: PartitionStep<Told>,
    told: Told,
    stems: readonly string[],
  ): Promise<PartitionWork[]> {
    const whole: Record<string, string> = {}
    for (const table of new Set([...Object.keys(step.reads), ...step.adds])) {
      const file = join(folder, `${calls}-${table}.parquet`)
      const columns = step.reads[table]
      await copy(db, `SELECT ${columns ?? '*'} FROM ${table}${columns === undefined ? ' LIMIT 0' : ''}`, file)
      whole[table] = file
    }
    return stems.map((stem, partition) => ({
      label: `${step.name}, partition ${partition + 1} of ${count}`,
      step: step.name,
      told,
      tables: Object.fromEntries(tables.map((table) => [table, filesOf(table, partition)])),
      whole,
      stem,
      memoryLimit,
    }))
  }

  return {
    count,
    async divide(table, select) {
      mkdirSync(folder, { recursive: true })
      const [divided, none] = [join(folder, table), noRows(table)]
      await copy(db, select, divided, ', PARTITION_BY (partition)')
      await copy(db, `SELECT * EXCLUDE (partition) FROM (${select}) LIMIT 0`, none)
      const filesIn = (part: string): string[] =>
        existsSync(part) ? readdirSync(part).map((name) => join(part, name)) : [none]
      files.set(
        table,
        Array.from({ length: count }, (_, partition) => filesIn(join(divided, `partition=${partition}`))),
      )
    },
    all,
    async change(table, step, told) {
      const changed: string[][] = []
      const counts = await each([table], step, told, async (partition, { rows, file: made }) => {
        const file = made ?? join(folder, `${calls}-${table}-${partition}.parquet`)
        if (made === undefined) await copy(db, rows, file)
        changed.push([file])
        for (const old of filesOf(table, partition)) if (old !== noRows(table)) rmSync(old)
      })
      files.set(table, changed)
      return counts
    },
    async write(tables, step, told, file) {
      // A group of rows may hold users of two partitions. So each partition is sorted together with the rows that the
      // one before had beyond its last whole group. Then every group has the rows that it has in one partition. To sort
      // again what another process sorted takes less than half of the time.
      const groups: string[] = []
      const sortedFiles: string[] = []
      let beyond = ''
      const counts = await each(tables, step, told, async (partition, { rows, order, file: made }) => {
        const sorted = join(folder, `sorted-${partition}.parquet`)
        sortedFiles.push(sorted)
        await copy(db, `SELECT * FROM (${rows}${beyond}) ORDER BY ${order}`, sorted, `, ROW_GROUP_SIZE ${groupRows}`)
        if (made !== undefined) rmSync(made)
        const found = await countRows(db, `read_parquet(${pathLiterals([sorted])})`)
        const whole = found - (found % groupRows)
        const part = (place: string): string =>
          `SELECT * EXCLUDE (file_row_number) FROM read_parquet(${pathLiterals([sorted])}, file_row_number = true) WHERE file_row_number ${place}`
        groups.push(part(`< ${partition < count - 1 ? whole : found}`))
        beyond = ` UNION ALL ${part(`>= ${whole}`)}`
      })
      await copy(db, `SELECT * EXCLUDE (row) FROM (${groups.join(' UNION ALL ')})`, file, packed)
      for (const sorted of sortedFiles) rmSync(sorted)
      return counts
    },
  }
}

/** What another process left. */
function leftBy(stem: string): Left {
  const { rows: file, told } = resultFiles(stem)
  const result = JSON.parse(readFileSync(told, 'utf8')) as ToldResult
  return { ...result, rows: `FROM read_parquet(${pathLiterals([file])})`, file }
}
