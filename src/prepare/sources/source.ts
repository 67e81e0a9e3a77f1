/**
 * @file The contract of a source, which reads a data set's own files into tables of a common form; and two rules on
 * those tables.
 */
import { UserError } from '../../errors.ts'
import type { Database } from '../../storage/duckdb.ts'
import type { Mapping, MappingInput } from '../mapping.ts'

/** The files that a source reads. */
export interface SourceRequest {
  readonly db: Database
  /** The folder of a dataset's own files. */
  readonly input?: string | undefined
  /** Files of the log and of the item table, if the user names them; globs are allowed. */
  readonly events: readonly string[]
  readonly items: readonly string[]
  /** Folder of pictures. */
  readonly images?: string | undefined
  /** The user's mapping; its keys win over those of the source's own mapping. */
  readonly mapping: MappingInput
  /** The mapping's name in errors. */
  readonly mappingName: string
  readonly report: (line: string) => void
  /** What memory depends on beside the files. */
  readonly memory: {
    /** Bytes that the database may use. */
    readonly limit: number
    /** In how many partitions the log is worked on. */
    readonly partitions: number
    /** Bytes that making vectors takes. */
    readonly vectorBytes: (catalog: { items: number; pictures: boolean }) => number
  }
}

/**
 * A source's description of the tables that it made in the database:
 * `raw_events` (user, item, behavior, time, role, row): ids as text, the behavior's place in `behaviors`, time in ms or
 * an order, role as in `Events.role`, and the number of the log's record, which orders events of one time;
 * `raw_items` (id, title, text, image, `field_NAME` for each field and `number_NAME`, as text, for each number), a
 * table in catalog order, if there is an item table;
 * `raw_users` (id, `field_NAME`, `number_NAME`), if there is a users file;
 * `raw_impressions` (user, item, time, row, `label_NAME` as 0 or 1), if the log has labelled impressions.
 */
export interface RawTables {
  readonly behaviors: readonly string[]
  readonly target: string
  readonly time: 'milliseconds' | 'order'
  readonly ownSplit: boolean
  /** The first true time; see the manifest. */
  readonly timesFrom?: number
  /** Names of the items' fields; undefined without an item table. */
  readonly fields?: readonly string[]
  /** Names of the items' numbers. */
  readonly numbers?: readonly string[]
  /** Names of the users' fields and numbers; undefined without a users file. */
  readonly userFields?: readonly string[]
  readonly userNumbers?: readonly string[]
  /** Names of the impressions' labels; undefined without impressions. */
  readonly impressionLabels?: readonly string[]
  /** Folder of the pictures that `raw_items.image` names. */
  readonly images?: string | undefined
  /** The mapping, with all defaults. */
  readonly mapping: Mapping
  /** The filters that the user's mapping or the source's own wrote down. */
  readonly chosenFilters: readonly string[]
  /** Where a record of the log or of the item table is, for an error: its file and row. */
  eventPlace(row: number): Promise<string>
  itemPlace(row: number): Promise<string>
}

/** Whether a user may have impressions alone: where no user has to have an event. */
export function keepsIdleUsers({ impressionLabels, mapping }: RawTables): boolean {
  return impressionLabels !== undefined && mapping.filters.minimumEventsPerUser === 0
}

/** The refusal of a record whose item is not in the item table; `lacking` counts the records of such items. */
export function unlistedItem(where: string, item: string, lacking: string): UserError {
  const expected = `an item with a row in the item table (the items of ${lacking} have none)`
  return new UserError({
    where,
    problem: 'unknown',
    value: `item "${item}"`,
    expected,
    hint: 'add it there, or set filters.unlistedItems to drop in the mapping',
  })
}

/** A source of datasets. */
export interface Source {
  /** One line about its files. */
  readonly about: string
  read(request: SourceRequest): Promise<RawTables>
}
