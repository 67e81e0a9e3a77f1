/** @file What a source is: it puts a dataset's own files into two tables of one form. */
import type { Database } from '../../storage/duckdb.ts'
import type { Mapping, MappingInput } from '../mapping.ts'

/** What a source is asked to read. */
export interface SourceRequest {
  readonly db: Database
  /** The folder of a dataset's own files. */
  readonly input?: string | undefined
  /** Files of the log and of the item table, where they are given one by one; globs are allowed. */
  readonly events: readonly string[]
  readonly items: readonly string[]
  /** Folder of pictures. */
  readonly images?: string | undefined
  /** The user's mapping, laid upon the source's own. */
  readonly mapping: MappingInput
  /** What to call the mapping in an error. */
  readonly mappingName: string
  readonly report: (line: string) => void
}

/**
 * What a source tells of the tables it made in the database:
 * `raw_events` (user, item, behavior, time, role, row): ids as text, the behavior's place in `behaviors`, time in ms or an order, role
 * as in `Events.role`, and the number of the log's record, which orders events of one time;
 * `raw_items` (id, title, text, image, `field_NAME` for each field and `number_NAME`, as text, for each number), a table in catalog
 * order, if there is an item table;
 * `raw_users` (id, `field_NAME`, `number_NAME`), if there is a users file;
 * `raw_impressions` (user, item, time, row, `label_NAME` as 0 or 1), if the log has labelled impressions.
 */
export interface RawTables {
  readonly behaviors: readonly string[]
  readonly target: string
  readonly time: 'milliseconds' | 'order'
  readonly ownSplit: boolean
  /** Where times begin to be true ones; see the manifest. */
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
  /** The mapping that was followed, with all defaults. */
  readonly mapping: Mapping
  /** How a user finds a record of the log, or of the item table: file and row. */
  eventPlace(row: number): Promise<string>
  itemPlace(row: number): Promise<string>
}

/** A source of datasets. */
export interface Source {
  /** What its files are, in a line. */
  readonly about: string
  read(request: SourceRequest): Promise<RawTables>
}
