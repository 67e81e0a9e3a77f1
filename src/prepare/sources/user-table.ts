/** @file Reads the users file by its mapping: ids, categorical fields and numbers. */
import { UserError } from '../../errors.ts'
import type { Database } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { checkIds, checkNumbers, describedSql, fieldColumns, numberColumns } from './described-columns.ts'
import { fileColumn, needColumn } from './log-files.ts'
import { openRows } from './named-rows.ts'
import { makeTable } from './raw-table.ts'
import { placeOf } from './records.ts'
import type { RawTables, SourceRequest } from './source.ts'

/** Common names of the column of user ids. */
export const userNames = ['user', 'user_id', 'userid', 'uid', 'reviewerID']

/**
 * Makes `raw_users` from the users files, if the mapping names any.
 * @param logColumn the name of the log's user column, which the users file often repeats
 * @throws UserError `missing` for a column or an id, `invalid` for text where a number should be, `duplicate` for a
 * user listed twice
 */
export async function readUserTable(
  request: SourceRequest,
  mapping: Mapping,
  logColumn: string,
): Promise<Pick<RawTables, 'userFields' | 'userNumbers'>> {
  const { db } = request
  const { users } = mapping
  const log = await openRows(request, mapping, 'users')
  if (log === undefined) return {}
  const id = needColumn(log, users.id, [logColumn.replace(/:.*$/, ''), ...userNames, 'id'], 'users.id')
  const fields = fieldColumns(log, users.fields, 'users.fields')
  const numbers = numberColumns(log, users.numbers, 'users.numbers')
  const columns = [`${log.readId(id)} AS id`, ...describedSql(fields, numbers)]
  await makeTable(db, 'raw_users', `SELECT ${columns.join(', ')}${fileColumn(log)} FROM ${log.scan}`, [log])
  const table = { table: 'raw_users', place: placeOf(db, 'raw_users', log) }
  await checkIds(db, id, table)
  await checkNumbers(db, numbers, table)
  await refuseTwice(db, table.place)
  return { userFields: fields.map(({ name }) => name), userNumbers: numbers.map(({ name }) => name) }
}

async function refuseTwice(db: Database, place: (row: number) => Promise<string>): Promise<void> {
  const [twice] = await db.rows<{ id: string; first: number; second: number }>(
    `SELECT id, min(rowid) AS first, min(rowid) FILTER (WHERE place = 2) AS second
    FROM (SELECT id, rowid, row_number() OVER (PARTITION BY id ORDER BY rowid) AS place FROM raw_users)
    GROUP BY id HAVING count(*) > 1 ORDER BY second LIMIT 1`,
  )
  if (!twice) return
  const value = `user "${twice.id}", already in ${await place(twice.first)}`
  throw new UserError({ where: await place(twice.second), problem: 'duplicate', value, hint: 'keep one of them' })
}
