/** @file The `csv` source: CSV, TSV, JSON lines or Parquet, read by the mapping alone. */
import { mappedTables } from './mapped-tables.ts'
import type { Source } from './source.ts'

/** Any log whose columns the mapping names. */
export const csv: Source = {
  about: 'a log of CSV, TSV, JSON lines or Parquet files, its columns named by a mapping',
  read: (request) => mappedTables(request),
}
