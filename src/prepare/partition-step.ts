/** @file A step of preparing that is done with one partition after another, here or by other processes. */
import type { Database } from '../storage/duckdb.ts'

/** What is kept in partitions. */
export type PartitionedTable = 'events' | 'impressions'
/** What a step counted, by name; the sums over all partitions count. */
export type Counts = Readonly<Record<string, number>>

/** What a step leaves of a partition. */
export interface StepRows {
  readonly counts: Counts
  /** A query for the rows that it leaves. */
  readonly rows: string
  /** The columns that are to sort them. */
  readonly order?: string
}

/** A step. It is told what to do as plain data, so that another process can be told the same. */
export interface PartitionStep<Told> {
  readonly name: string
  /** The tables of the whole log that it reads, and their columns. */
  readonly reads: Readonly<Record<string, string>>
  /** The tables of the whole log that it adds rows to. */
  readonly adds: readonly string[]
  /** Works on a database that has the tables of the partition. */
  run(db: Database, told: Told): Promise<StepRows>
}

/** A step with one partition, as plain data: all that a process needs that sees the same files. */
export interface PartitionWork {
  /** What it is called in progress. */
  readonly label: string
  /** The step's name, and what it is told. */
  readonly step: string
  readonly told: unknown
  /** The files of the partition's tables. */
  readonly tables: Readonly<Partial<Record<PartitionedTable, readonly string[]>>>
  /** The files of tables of the whole log; one that the step only adds to has no rows. */
  readonly whole: Readonly<Record<string, string>>
  /** Where results go: a path without its ending. */
  readonly stem: string
  /** What a database may use. */
  readonly memoryLimit: string
}

/** Has others work on partitions; comes back when all results are there. */
export type PartitionWorkers = (work: readonly PartitionWork[]) => Promise<void>

/** The files of a result: the rows, those that were added to a table, and what was counted, which is written last. */
export const resultFiles = (stem: string) => ({
  rows: `${stem}.parquet`,
  added: (table: string): string => `${stem}-${table}.parquet`,
  told: `${stem}.json`,
})

/** What is told of a result beside its rows. */
export type ToldResult = Omit<StepRows, 'rows'>
