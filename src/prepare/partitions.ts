/**
 * @file The events and impressions of a log in partitions of whole users, so that memory does not grow with the log.
 * One partition is a table of the database. Several lie in files, and become a table one after another.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { type Database, literal, pathLiterals } from '../storage/duckdb.ts'
import { countRows } from './rows.ts'

/** What is kept in partitions. */
type PartitionedTable = 'events' | 'impressions'

/** Rows that are written. */
interface WrittenRows {
  readonly file: string
  /** Gives rows in no order, with a column `row`, which is not written. */
  readonly query: () => Promise<string>
  /** The columns that sort them, the user first. */
  readonly order: string
}

/** Tables of which one partition at a time is in the database. */
export interface Partitions {
  readonly count: number
  /** Divides the rows of a query by its column `partition`, from 0. */
  divide(table: PartitionedTable, select: string): Promise<void>
  /** The SQL of all rows of a table, in no order. */
  all(table: PartitionedTable): string
  /** Does something with each partition's own tables; what it makes of them is kept. */
  change(tables: readonly PartitionedTable[], work: () => Promise<void>): Promise<void>
  /** Writes what a query over each partition's own tables gives to one Parquet file, all of it sorted. */
  write(tables: readonly PartitionedTable[], written: WrittenRows): Promise<void>
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

/** @param folder for the files of several partitions */
export function partitionsOf(db: Database, count: number, folder: string): Partitions {
  return count === 1 ? onePartition(db) : filedPartitions(db, count, folder)
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
    change: (_, work) => work(),
    write: async (_, { file, query, order }) =>
      copy(db, `SELECT * EXCLUDE (row) FROM (${await query()}) ORDER BY ${order}`, file, packed),
  }
}

function filedPartitions(db: Database, count: number, folder: string): Partitions {
  const divided = (table: PartitionedTable): string => join(folder, table)
  const changed = (table: PartitionedTable, partition: number): string => join(folder, `${table}-${partition}.parquet`)
  /** Queries that have the columns of a table and no rows. */
  const shapes = new Map<PartitionedTable, string>()
  const scan = (table: PartitionedTable, partition: number): string => {
    const [whole, first] = [changed(table, partition), join(divided(table), `partition=${partition}`)]
    if (existsSync(whole)) return `SELECT * FROM read_parquet(${pathLiterals([whole])})`
    if (!existsSync(first)) return shapes.get(table) as string
    const files = readdirSync(first).map((name) => join(first, name))
    return `SELECT * FROM read_parquet(${pathLiterals(files)}, hive_partitioning = false)`
  }
  const all = (table: PartitionedTable): string =>
    `(${Array.from({ length: count }, (_, partition) => scan(table, partition)).join(' UNION ALL ')})`
  const each = async (
    tables: readonly PartitionedTable[],
    work: (partition: number) => Promise<void>,
  ): Promise<void> => {
    for (let partition = 0; partition < count; partition++) {
      for (const table of tables) await db.run(`CREATE TABLE ${table} AS ${scan(table, partition)}`)
      await work(partition)
      for (const table of tables) await db.run(`DROP TABLE ${table}`)
    }
  }
  return {
    count,
    async divide(table, select) {
      mkdirSync(folder, { recursive: true })
      await copy(db, select, divided(table), ', PARTITION_BY (partition)')
      shapes.set(table, `SELECT * EXCLUDE (partition) FROM (${select}) LIMIT 0`)
    },
    all,
    change: (tables, work) =>
      each(tables, async (partition) => {
        await work()
        for (const table of tables) {
          await copy(db, `FROM ${table}`, changed(table, partition))
          rmSync(join(divided(table), `partition=${partition}`), { recursive: true, force: true })
        }
      }),
    async write(tables, { file, query, order }) {
      // A group of rows may hold users of two partitions. So each partition is sorted together with the rows that the
      // one before had beyond its last whole group. Then every group has the rows that it has in one partition.
      const groups: string[] = []
      let beyond = ''
      await each(tables, async (partition) => {
        const sorted = join(folder, `sorted-${partition}.parquet`)
        await copy(
          db,
          `SELECT * FROM (${await query()}${beyond}) ORDER BY ${order}`,
          sorted,
          `, ROW_GROUP_SIZE ${groupRows}`,
        )
        const rows = await countRows(db, `read_parquet(${pathLiterals([sorted])})`)
        const whole = rows - (rows % groupRows)
        const part = (place: string): string =>
          `SELECT * EXCLUDE (file_row_number) FROM read_parquet(${pathLiterals([sorted])}, file_row_number = true) WHERE file_row_number ${place}`
        groups.push(part(`< ${partition < count - 1 ? whole : rows}`))
        beyond = ` UNION ALL ${part(`>= ${whole}`)}`
      })
      await copy(db, `SELECT * EXCLUDE (row) FROM (${groups.join(' UNION ALL ')})`, file, packed)
      for (let partition = 0; partition < count; partition++) rmSync(join(folder, `sorted-${partition}.parquet`))
    },
  }
}
