/**
 * @file The `mb-cgcn` source: users' items by behavior, view, cart and buy, with a test item of each user and neither
 * times nor an order. MB-CGCN's Tmall comes in this form.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Database } from '../../storage/duckdb.ts'
import { behaviorNames, checkMapping, type MappingInput, mergeMappings } from '../mapping.ts'
import { fileColumn, type LogFiles, openFiles } from './log-files.ts'
import { ownFile } from './own-files.ts'
import { makeTable } from './raw-table.ts'
import { checkRecords, idChecks, placeOf } from './records.ts'
import type { RawTables, Source, SourceRequest } from './source.ts'

/** From the shallowest on; the last one is the target. */
const behaviors = ['view', 'cart', 'buy'] as const
/** The split is published and every item but those bought is ranked, so by default nothing is filtered. */
const preset: MappingInput = {
  behaviors: [...behaviors],
  candidates: 'untargeted',
  filters: { minimumEventsPerUser: 0 },
  events: { timeUnit: 'order' },
}

/**
 * Lines of a user and the user's items, in view/train.txt, cart/train.txt, buy/train.txt and buy/test.txt. Views and
 * carts that are held out too are not read: they may be of the very item to foretell. Which event came first is
 * unknown, so all of a user's views have one time, carts the next, and buys the one after. Of two buys or more the last
 * on the line validates, since no validation is published.
 */
export const mbCgcn: Source = {
  about: 'MB-CGCN: folders view, cart and buy, each with train.txt, and buy/test.txt: lines of a user and the items',
  async read(request) {
    const { db } = request
    const mapping = checkMapping(mergeMappings(preset, request.mapping), request.mappingName)
    refuseOthers(behaviorNames(mapping), request.mappingName)
    const files = [...behaviors.map((name) => needList(request, name, 'train')), needList(request, 'buy', 'test')]
    const lists = await openFiles(db, files, { format: 'tsv', delimiter: '\u0001', columns: ['line'] })
    const place = await readLists(db, lists)
    // Pairs of one line have its number for their row: in an order, events of one time and row stay together.
    await db.run(`CREATE VIEW raw_events AS SELECT user, item, CAST(least(file - 1, 2) AS UTINYINT) AS behavior,
      CAST(CASE WHEN validates THEN 3 WHEN file = 4 THEN 4 ELSE file - 1 END AS DOUBLE) AS time, list AS row,
      CAST(CASE WHEN validates THEN 1 WHEN file = 4 THEN 2 ELSE 0 END AS UTINYINT) AS role FROM raw_pairs`)
    return {
      behaviors: [...behaviors],
      target: mapping.target ?? 'buy',
      time: 'order',
      ownSplit: true,
      mapping,
      chosenFilters: Object.keys(preset.filters ?? {}),
      eventPlace: place,
      itemPlace: () => Promise.resolve('the item table'),
    } satisfies RawTables
  },
}

/** @throws UserError `unsupported` for a mapping with behaviors of its own */
function refuseOthers(names: readonly string[], where: string): void {
  if (names.length === behaviors.length && names.every((name, at) => name === behaviors[at])) return
  const value = `behaviors ${names.join(', ')}`
  throw new UserError({ where, problem: 'unsupported', value, expected: behaviors.join(', ') })
}

/** @throws UserError `missing`, naming the file */
function needList(request: SourceRequest, behavior: string, part: string): string {
  const file = ownFile(request, join(behavior, `${part}.txt`))
  if (existsSync(file)) return file
  throw new UserError({
    where: request.input ?? '.',
    problem: 'missing',
    value: `${behavior}/${part}.txt`,
    expected: `folders ${behaviors.join(', ')}, each with train.txt, and buy/test.txt`,
  })
}

/** Makes `raw_pairs` of the lists: user, item, the numbers of the file and the line, and whether the pair validates. */
async function readLists(db: Database, lists: LogFiles): Promise<(list: number) => Promise<string>> {
  const cells = `string_split_regex(trim(${lists.columns.get('line')}), '\\s+')`
  await makeTable(db, 'raw_lists', `SELECT ${cells} AS cells${fileColumn(lists)} FROM ${lists.scan}`, [lists])
  await db.run(`CREATE TABLE raw_pairs AS SELECT *, file = 3 AND nth = items AND items > 1 AS validates FROM (
    SELECT cells[1] AS user, unnest(cells[2:]) AS item, generate_subscripts(cells[2:], 1) AS nth,
      len(cells) - 1 AS items, file, rowid AS list FROM raw_lists)`)
  const place = placeOf(db, 'raw_lists', lists)
  const listOf = async (row: number): Promise<number> =>
    (await db.rows<{ list: number }>(`SELECT list FROM raw_pairs WHERE rowid = ${row}`))[0]?.list ?? 0
  await checkRecords(db, [...idChecks('user', 'user'), ...idChecks('item', 'item')], {
    table: 'raw_pairs',
    place: async (row) => place(await listOf(row)),
  })
  return place
}
