/**
 * @file Rows of PostgreSQL, a table's or a query's, as a CSV file: the server writes it, and it is streamed to disk. So
 * the rows are read as those of any file, and memory does not grow with them.
 */
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../../errors.ts'
import { loadPostgres, type PostgresError } from '../../storage/postgres.ts'
import { schemeOf, serverPlace } from '../../storage/server-address.ts'

/** What is read of which database. */
export interface ServedRows {
  readonly database: string
  readonly table?: string | undefined
  readonly query?: string | undefined
}

/** How many seconds a server may take to accept a connection; a query may take any time. */
const patience = 10

/** Values that are written the same whatever the server's settings are; nothing is changed there. */
const session = {
  application_name: 'siftrec',
  default_transaction_read_only: true,
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: 1,
  // A scan that joins another one begins in the middle of the table.
  synchronize_seqscans: 'off',
}

/**
 * Writes the rows to a file, with a header.
 * @param where the mapping's key that has the address
 * @throws UserError when there is no server, database, table or column, when it refuses the user, or when the
 * connection breaks; the password is never shown
 */
export async function copyRows({ database, table, query }: ServedRows, file: string, where: string): Promise<void> {
  const place = placeOfPostgres(database, where)
  const rows = table === undefined ? (query as string).trim().replace(/;+$/, '') : `table ${quotedName(table)}`
  const postgres = await loadPostgres()
  const sql = postgres(database, {
    max: 1,
    connect_timeout: patience,
    connection: session,
  })
  try {
    // The last line of a query may be a comment.
    const served = await sql.unsafe(`copy (${rows}\n) to stdout with (format csv, header)`).readable()
    await pipeline(served, createWriteStream(file))
  } catch (error) {
    throw inOurWords(error as Partial<PostgresError>, { place, table, where })
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/**
 * What messages and manifests call a database: its address without user and password.
 * @throws UserError `unsupported` for another kind of server, `invalid` for an address that cannot be read
 */
export function placeOfPostgres(database: string, where: string): string {
  if (/^postgres(ql)?:/i.test(database)) return serverPlace(where, 'postgres', database)
  const scheme = schemeOf(database) ?? 'no scheme'
  const expected = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE'
  throw new UserError({ where, problem: 'unsupported', value: scheme, expected })
}

/** `shop.events` as `"shop"."events"`. */
function quotedName(table: string): string {
  return table
    .split('.')
    .map((name) => `"${name.replaceAll('"', '""')}"`)
    .join('.')
}

interface Asked {
  readonly place: string
  readonly table: string | undefined
  readonly where: string
}

function inOurWords(error: Partial<PostgresError>, { place, table, where }: Asked): unknown {
  const { code = '', message = '' } = error
  const refuse = (parts: Omit<ConstructorParameters<typeof UserError>[0], 'where'>): UserError =>
    new UserError({ where: place, ...parts })
  if (code === 'ENOSPC')
    return new UserError({ where: 'disk', problem: 'invalid', value: 'no space left on the device' })
  if (code.startsWith('28'))
    return refuse({
      problem: 'invalid',
      value: 'the server refuses the user or the password',
      hint: `correct ${where}, or set the password as PGPASSWORD in the environment`,
    })
  if (code === '3D000') return refuse({ problem: 'missing', value: 'the server has no such database' })
  if (code === '42P01' && table !== undefined)
    return refuse({ problem: 'missing', value: `table "${table}"`, expected: 'a table or view of the database' })
  if (code === '42501') return refuse({ problem: 'invalid', value: message, expected: 'the right to select from it' })
  if (code === 'CONNECTION_CLOSED' || code === 'ECONNRESET' || code.startsWith('57P'))
    return refuse({ problem: 'missing', value: 'the connection ended before all rows came', hint: 'try again' })
  // Five signs are a code of the server, which says what is wrong with the query.
  if (/^[0-9A-Z]{5}$/.test(code)) return refuse({ problem: 'invalid', value: message })
  if (code === '') return error
  const hint = `is it running, and is ${where} right?`
  return refuse({ problem: 'missing', value: `no server answers (${code})`, hint })
}
