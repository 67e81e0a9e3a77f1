/**
 * @file The `recbole` source: atomic files with typed headers, also those that are already split into histories and
 * next items.
 */
import { basename, join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Database } from '../../storage/duckdb.ts'
import { checkMapping, type MappingInput, mergeMappings } from '../mapping.ts'
import { readItemTable } from './item-table.ts'
import { type LogFiles, needColumn, openFiles } from './log-files.ts'
import { mappedTables } from './mapped-tables.ts'
import { ownNames } from './own-files.ts'
import { makeTable } from './raw-table.ts'
import { placeOf } from './records.ts'
import type { RawTables, Source, SourceRequest } from './source.ts'
import { readUserTable } from './user-table.ts'

/** RecBole's files; see https://recbole.io/docs/user_guide/data/atomic_files.html. */
export const recbole: Source = {
  about:
    'RecBole atomic files: NAME.inter and NAME.item, or NAME.{train,valid,test}.inter with item_id_list and item_id',
  read(request) {
    const names = ownNames(request)
    const logs = names.filter((name) => /\.inter(\.gz)?$/.test(name))
    const parts = (['train', 'valid', 'test'] as const).flatMap((part) => {
      const name = logs.find((log) => log.includes(`.${part}.inter`))
      return name ? [{ part, path: join(request.input ?? '.', name) }] : []
    })
    const items = names
      .filter((name) => /\.(item|items\.tsv)(\.gz)?$/.test(name))
      .map((name) => join(request.input ?? '.', name))
    if (parts.length > 0) return benchmarkTables(request, parts, items)
    const [log] = logs
    if (log === undefined)
      throw new UserError({ where: request.input ?? '.', problem: 'missing', value: 'a file that ends in .inter' })
    return mappedTables(request, {
      events: { files: join(request.input ?? '.', log), format: 'tsv', user: 'user_id', item: 'item_id' },
      items: items.length > 0 ? { files: items, format: 'tsv' } : {},
    })
  },
}

/**
 * A published split has fixed targets and ranks every item. So by default nothing is filtered, and no item is left out
 * of the ranking.
 */
const benchmarkPreset: MappingInput = {
  candidates: 'all',
  filters: { minimumEventsPerUser: 0 },
  events: { timeUnit: 'order' },
}
const roles = { train: 0, valid: 1, test: 2 } as const
interface Part {
  readonly part: keyof typeof roles
  readonly path: string
}

/**
 * Rebuilds each user's history from the longest row of the latest part: its prefix, then its item. Time is the order.
 * @throws UserError `mismatched` when the prefix of the test row does not have the validation item at its place
 */
async function benchmarkTables(
  request: SourceRequest,
  parts: readonly Part[],
  items: readonly string[],
): Promise<RawTables> {
  const { db } = request
  const preset = { ...benchmarkPreset, items: items.length > 0 ? { files: [...items], format: 'tsv' as const } : {} }
  const written = mergeMappings(preset, request.mapping)
  const mapping = checkMapping(written, request.mappingName)
  if (Object.keys(mapping.impressions.labels).length > 0) {
    const value = 'impressions.labels, but histories that are already split hold no impressions'
    throw new UserError({ where: request.mappingName, problem: 'unsupported', value })
  }
  const logs = await Promise.all(parts.map(({ path }) => openFiles(db, [path], { format: 'tsv' })))
  const selects = logs.map((log, index) => partSelect(log, roles[(parts[index] as Part).part]))
  await makeTable(db, 'raw_parts', selects.join(' UNION ALL '), logs)
  await refuseMismatch(db, parts)
  await db.run(`CREATE TABLE raw_log AS
    SELECT user, list_append(coalesce(prefix, []), item) AS whole, part AS last,
      (SELECT any_value(len(v.prefix)) FROM raw_parts v WHERE v.part = 1 AND v.user = p.user) AS validation
    FROM raw_parts p WHERE rowid IN (SELECT arg_max(rowid, part * 1000000 + coalesce(len(prefix), 0)) FROM raw_parts GROUP BY user) ORDER BY rowid`)
  await db.run(`CREATE TABLE raw_steps AS
    SELECT user, unnest(whole) AS item, generate_subscripts(whole, 1) AS step, len(whole) AS steps, last, validation FROM raw_log`)
  await db.run(`CREATE VIEW raw_events AS
    SELECT user, item, CAST(0 AS UTINYINT) AS behavior, CAST(step AS DOUBLE) AS time, rowid AS row,
      CAST(CASE WHEN step = steps THEN last WHEN last = 2 AND step = validation + 1 THEN 1 ELSE 0 END AS UTINYINT) AS role
    FROM raw_steps`)
  const indexed = items.length === 0 && request.items.length === 0 ? await indexedItems(request) : undefined
  const table = indexed ?? (await readItemTable(request, mapping, 'item_id'))
  const users = await readUserTable(request, mapping, 'user_id')
  return {
    behaviors: ['click'],
    target: 'click',
    time: 'order',
    ownSplit: true,
    mapping,
    chosenFilters: Object.keys(written.filters ?? {}),
    eventPlace: stepPlace(db, logs, parts),
    ...table,
    ...users,
  }
}

function partSelect(log: LogFiles, role: number): string {
  const column = (name: string): string => log.columns.get(needColumn(log, name, [], 'the header')) as string
  return `SELECT ${column('user_id')} AS user, ${column('item_id')} AS item, CAST(${role} AS UTINYINT) AS part,
    string_split(nullif(trim(${column('item_id_list')}), ''), ' ') AS prefix FROM ${log.scan}`
}

async function refuseMismatch(db: Database, parts: readonly Part[]): Promise<void> {
  const [bad] = await db.rows<{
    user: string
    item: string
    found: string | null
  }>(`SELECT t.user, v.item, t.prefix[len(v.prefix) + 1] AS found
    FROM raw_parts t JOIN raw_parts v ON v.user = t.user AND v.part = 1
    WHERE t.part = 2 AND t.prefix[len(v.prefix) + 1] IS DISTINCT FROM v.item ORDER BY t.rowid LIMIT 1`)
  if (!bad) return
  const file = basename(parts.find(({ part }) => part === 'test')?.path ?? '')
  const expected = `the item_id_list of the validation row, followed by its item "${bad.item}"`
  throw new UserError({
    where: `${file}, user "${bad.user}", column "item_id_list"`,
    problem: 'mismatched',
    value: `"${bad.found ?? 'nothing'}"`,
    expected,
  })
}

/** The file and row of an event: the row of its user in the part that its history comes from. */
function stepPlace(db: Database, logs: readonly LogFiles[], parts: readonly Part[]): (row: number) => Promise<string> {
  return async (row) => {
    const [found] = await db.rows<{ part: number; place: number; first: number }>(`SELECT p.part, min(p.rowid) AS place,
      (SELECT min(rowid) FROM raw_parts q WHERE q.part = p.part) AS first
      FROM raw_steps s JOIN raw_parts p ON p.user = s.user AND p.part = s.last AND len(p.prefix) + 1 = s.steps WHERE s.rowid = ${row} GROUP BY p.part`)
    const index = parts.findIndex(({ part }) => roles[part] === found?.part)
    const log = logs[index]
    if (!found || !log) return 'the log'
    return placeOf(db, 'raw_parts', log)(found.place - found.first)
  }
}

/** Titles from NAME.text, matched through NAME.item2index by the item's public name, not by line number. */
async function indexedItems(request: SourceRequest): Promise<Pick<RawTables, 'fields' | 'itemPlace'> | undefined> {
  const { db, input = '.' } = request
  const names = ownNames(request)
  const index = names.find((name) => /\.item2index(\.gz)?$/.test(name))
  const text = names.find((name) => /\.text(\.gz)?$/.test(name))
  if (index === undefined) return undefined
  const indexes = await openFiles(db, [join(input, index)], { format: 'tsv', columns: ['name', 'id'] })
  const titles = text === undefined ? undefined : await openFiles(db, [join(input, text)], { format: 'tsv' })
  const title = titles ? (titles.columns.get(needColumn(titles, 'text', [], 'the header')) as string) : "''"
  const named = titles
    ? `(SELECT ${titles.columns.get(needColumn(titles, 'item_id', [], 'the header'))} AS name, ${title} AS title FROM ${titles.scan})`
    : undefined
  await db.run(`CREATE TABLE raw_items AS SELECT i.id, ${named ? "coalesce(trim(t.title), '')" : "''"} AS title, title AS text, '' AS image
    FROM ${indexes.scan} i ${named ? `LEFT JOIN ${named} t ON t.name = i.name` : ''} ORDER BY CAST(i.id AS INTEGER)`)
  return { fields: [], itemPlace: placeOf(db, 'raw_items', indexes) }
}
