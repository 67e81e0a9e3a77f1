/** @file Reads the item table by its mapping: ids, titles, the text to encode, pictures, fields and numbers. */
import { literal } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'
import {
  checkIds,
  checkNumbers,
  type DescribedColumn,
  describedSql,
  fieldColumns,
  numberColumns,
} from './described-columns.ts'
import { fileColumn, findColumn, itemNames, type LogFiles, needColumn } from './log-files.ts'
import { openRows } from './named-rows.ts'
import { makeTable } from './raw-table.ts'
import { placeOf } from './records.ts'
import type { RawTables, SourceRequest } from './source.ts'

const titleNames = ['title', 'name', 'movie_title', 'text']
const fieldNames = {
  brand: ['brand', 'brand_id', 'store'],
  category: ['category', 'category_id', 'categories', 'main_category', 'class'],
  seller: ['seller', 'seller_id'],
} as const

type ItemTable = Pick<RawTables, 'fields' | 'numbers' | 'images' | 'itemPlace'>

/**
 * Makes `raw_items` from the item files, if there are any.
 * @param logColumn the name of the log's item column, which the item table often repeats
 * @throws UserError `missing` for a column or an id, `invalid` for text where a number should be
 */
export async function readItemTable(request: SourceRequest, mapping: Mapping, logColumn: string): Promise<ItemTable> {
  const { db } = request
  const log = await openRows(request, mapping, 'items')
  const none = (): Promise<string> => Promise.resolve('the item table')
  if (log === undefined) return { itemPlace: none }
  const id = needColumn(log, mapping.items.id, [logColumn.replace(/:.*$/, ''), ...itemNames, 'id'], 'items.id')
  const images = request.images ?? mapping.items.images
  const { fields, numbers, sql } = itemColumns(log, mapping, id, images !== undefined)
  await makeTable(db, 'raw_items', `SELECT ${sql}${fileColumn(log)} FROM ${log.scan}`, [log])
  const table = { table: 'raw_items', place: placeOf(db, 'raw_items', log) }
  await checkIds(db, id, table)
  await checkNumbers(db, numbers, table)
  const names = (columns: readonly DescribedColumn[]): string[] => columns.map(({ name }) => name)
  return { fields: names(fields), numbers: names(numbers), images, itemPlace: table.place }
}

interface ItemColumns {
  readonly fields: readonly DescribedColumn[]
  readonly numbers: readonly DescribedColumn[]
  readonly sql: string
}

function itemColumns(log: LogFiles, { items }: Mapping, id: string, withImages: boolean): ItemColumns {
  const read = (name: string): string => log.columns.get(name) as string
  const title =
    items.title === undefined ? findColumn(log, undefined, titleNames) : needColumn(log, items.title, [], 'items.title')
  const further = items.text.map((name) => read(needColumn(log, name, [], 'items.text')))
  const words = further.map((column) => `regexp_replace(${column}, '[|,]+', ' ', 'g')`)
  const fields = items.fields === undefined ? usualFields(log) : fieldColumns(log, items.fields, 'items.fields')
  const numbers = numberColumns(log, items.numbers, 'items.numbers')
  const columns = [
    `${log.readId(id)} AS id`,
    `coalesce(${title === undefined ? "''" : read(title)}, '') AS title`,
    `concat_ws(' ', ${[title === undefined ? "''" : read(title), ...words].join(', ')}) AS text`,
    `${withImages ? imageSql(log, items.image ?? '{id}.*', id) : "''"} AS image`,
    ...describedSql(fields, numbers),
  ]
  return { fields, numbers, sql: columns.join(', ') }
}

function usualFields(log: LogFiles): DescribedColumn[] {
  return Object.entries(fieldNames).flatMap(([name, aliases]) => {
    const column = findColumn(log, undefined, aliases)
    return column === undefined ? [] : [{ name, column, value: `coalesce(${log.columns.get(column)}, '')` }]
  })
}

/** A file name from its pattern, as SQL; `{id}` is the id, whatever the name of its column. */
function imageSql(log: LogFiles, pattern: string, id: string): string {
  const parts = pattern.split(/(\{[^}]*\})/).filter((part) => part !== '')
  const pieces = parts.map((part) => {
    if (!part.startsWith('{')) return literal(part)
    const name = part.slice(1, -1)
    return log.columns.get(
      name === 'id' && !log.columns.has('id') ? id : needColumn(log, name, [], 'items.image'),
    ) as string
  })
  return `concat(${pieces.join(', ')})`
}
