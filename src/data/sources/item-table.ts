/** @file The item table by its mapping: ids, titles, the text to encode, pictures and fields. */
import { UserError } from '../../errors.ts'
import { type Database, identifier, literal } from '../duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { fileColumn, findColumn, itemNames, type LogFiles, listFiles, needColumn, openFiles } from './log-files.ts'
import { placeOf } from './records.ts'
import type { RawTables, SourceRequest } from './source.ts'

const titleNames = ['title', 'name', 'movie_title', 'text']
const fieldNames = {
  brand: ['brand', 'brand_id', 'store'],
  category: ['category', 'category_id', 'categories', 'main_category', 'class'],
  seller: ['seller', 'seller_id'],
} as const

type ItemTable = Pick<RawTables, 'fields' | 'images' | 'itemPlace'>

/**
 * Makes `raw_items` of the item files, if any are given.
 * @param logColumn the name of the log's item column, which the item table often repeats
 * @throws UserError `missing` for a column, or an empty id
 */
export async function readItemTable(request: SourceRequest, mapping: Mapping, logColumn: string): Promise<ItemTable> {
  const { db } = request
  const files = await listFiles(db, request.items.length > 0 ? request.items : [mapping.items.files ?? []].flat())
  const none = (): Promise<string> => Promise.resolve('the item table')
  if (files.length === 0) return { itemPlace: none }
  const log = await openFiles(db, files, mapping.items)
  const id = needColumn(log, mapping.items.id, [logColumn.replace(/:.*$/, ''), ...itemNames, 'id'], 'items.id')
  const images = request.images ?? mapping.items.images
  const { fields, sql } = itemColumns(log, mapping, id, images !== undefined)
  await db.run(`CREATE TABLE raw_items AS SELECT ${sql}${fileColumn(files)} FROM ${log.scan}`)
  const itemPlace = placeOf(db, 'raw_items', log)
  await refuseEmptyIds(db, itemPlace, id)
  return { fields, images, itemPlace }
}

function itemColumns(log: LogFiles, { items }: Mapping, id: string, withImages: boolean): { fields: string[]; sql: string } {
  const read = (name: string): string => log.columns.get(name) as string
  const title = items.title === undefined ? findColumn(log, undefined, titleNames) : needColumn(log, items.title, [], 'items.title')
  const further = items.text.map((name) => read(needColumn(log, name, [], 'items.text')))
  const words = further.map((column) => `regexp_replace(${column}, '[|,]+', ' ', 'g')`)
  const fields = fieldColumns(log, items.fields)
  const columns = [
    `${read(id)} AS id`,
    `coalesce(${title === undefined ? "''" : read(title)}, '') AS title`,
    `concat_ws(' ', ${[title === undefined ? "''" : read(title), ...words].join(', ')}) AS text`,
    `${withImages ? imageSql(log, items.image ?? '{id}.*', id) : "''"} AS image`,
    ...fields.map(({ name, value }) => `${value} AS ${identifier(`field_${name}`)}`),
  ]
  return { fields: fields.map(({ name }) => name), sql: columns.join(', ') }
}

function fieldColumns(log: LogFiles, configured: Mapping['items']['fields']): { name: string; value: string }[] {
  if (configured === undefined) {
    return Object.entries(fieldNames).flatMap(([name, aliases]) => {
      const column = findColumn(log, undefined, aliases)
      return column === undefined ? [] : [{ name, value: `coalesce(${log.columns.get(column)}, '')` }]
    })
  }
  return Object.entries(configured).map(([name, field]) => {
    const { column, before } = typeof field === 'string' ? { column: field, before: undefined } : field
    const value = log.columns.get(needColumn(log, column, [], `items.fields.${name}`)) as string
    return { name, value: `coalesce(${before === undefined ? value : `split_part(${value}, ${literal(before)}, 1)`}, '')` }
  })
}

/** A file name from its pattern, as SQL; `{id}` is the id whatever its column is called. */
function imageSql(log: LogFiles, pattern: string, id: string): string {
  const parts = pattern.split(/(\{[^}]*\})/).filter((part) => part !== '')
  const pieces = parts.map((part) => {
    if (!part.startsWith('{')) return literal(part)
    const name = part.slice(1, -1)
    return log.columns.get(name === 'id' && !log.columns.has('id') ? id : needColumn(log, name, [], 'items.image')) as string
  })
  return `concat(${pieces.join(', ')})`
}

async function refuseEmptyIds(db: Database, place: (row: number) => Promise<string>, column: string): Promise<void> {
  const [empty] = await db.rows<{ row: number | null }>("SELECT min(rowid) AS row FROM raw_items WHERE id IS NULL OR id = ''")
  if (empty?.row === null || empty === undefined) return
  throw new UserError({ where: `${await place(empty.row)}, column "${column}"`, problem: 'missing', value: 'nothing', expected: 'an id' })
}
