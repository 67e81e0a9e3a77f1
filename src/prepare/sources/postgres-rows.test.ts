import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type OwnServer,
  openLine,
  password,
  postgresProgram,
  startPostgres,
} from '../../../test/fixtures/own-servers.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import type { Manifest } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { MappingInput } from '../mapping.ts'
import { type PrepareOptions, prepareDataset } from '../prepare.ts'

const usual: MappingInput = {
  behaviors: ['view', { name: 'buy', from: 'pay' }],
  filters: { minimumEventsPerUser: 0 },
}

/** What preparing in a folder throws. */
const refusal = (
  folder: TemporaryFolder,
  mapping: MappingInput,
  options: Partial<PrepareOptions> = {},
): Promise<Error> =>
  prepareDataset({ mapping: { ...usual, ...mapping }, out: join(folder.path, 'out'), ...options }).then(
    () => new Error('none'),
    (error: Error) => error,
  )

describe.skipIf(!postgresProgram())('rows of PostgreSQL', () => {
  let server: OwnServer
  const logged = [
    ['ann', 'a-1', 'view', '2024-01-31 18:05:00'],
    ['Öz, "O"', 'b', 'view', '2024-01-31 18:05:00.25'],
    ['ann', 'b', 'pay', '2024-01-31 18:07:00'],
    ['ann', 'b', 'view', '2024-01-31 18:07:00'],
    ['7', 'a-1', 'pay', '2023-06-01 00:00:00'],
  ] as const
  const items = [
    ['b', 'Say "b",\nthen c', '12.50', 'x'],
    ['a-1', 'Ä', '', ''],
  ] as const
  beforeAll(async () => {
    server = await startPostgres()
    await run(`create table events (n serial, user_id text, item text, behavior text, time timestamptz);
      create schema shop; create table shop."Items" (id text, title text, price numeric(9, 2), brand text);
      create table nothing (user_id text, item text, behavior text, time bigint);
      create table secret (user_id text); create role reader login password 'reader';
      set timezone to 'UTC'`)
    for (const row of logged)
      await run(
        `insert into events (user_id, item, behavior, time) values (${row.map((value) => `'${value}'`).join(', ')})`,
      )
    for (const [id, title, price, brand] of items)
      await run(
        `insert into shop."Items" values ('${id}', '${title}', nullif('${price}', '')::numeric, nullif('${brand}', ''))`,
      )
    await run(`alter database postgres set timezone to 'Asia/Tokyo'; alter database postgres set datestyle to 'German'`)
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())
  afterEach(() => vi.unstubAllEnvs())

  async function run(statement: string): Promise<number> {
    const { default: postgres } = await import('postgres')
    const sql = postgres(server.url, { max: 1, onnotice: () => undefined })
    const { length } = await sql.unsafe(statement)
    await sql.end()
    return length
  }
  const isCopying = async (): Promise<boolean> =>
    (await run("select from pg_stat_activity where state = 'active' and query like 'copy (select ''u''%'")) > 0
  const served = (): MappingInput => ({
    ...usual,
    events: { database: server.url, query: 'select * from events order by n; ' },
    items: { database: server.url, table: 'shop.Items', numbers: { price: 'price' } },
  })

  it('become the dataset that a file with them becomes, to the byte', async () => {
    using folder = temporaryFolder()
    const cell = (value: string): string => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
    const csv = (header: string, rows: readonly (readonly string[])[]): string =>
      `${[header, ...rows.map((row) => row.map(cell).join(','))].join('\n')}\n`
    folder.write({
      'log.csv': csv('user_id,item,behavior,time', logged),
      'items.csv': csv('id,title,price,brand', items),
    })
    const [events, list] = ['log.csv', 'items.csv'].map((name) => join(folder.path, name)) as [string, string]
    const prepared = (name: string, options: Partial<PrepareOptions>): Promise<Manifest> =>
      prepareDataset({ out: join(folder.path, name), ...options })
    const ofFiles = await prepared('files', {
      events,
      items: list,
      mapping: { ...usual, items: { numbers: { price: 'price' } } },
    })
    const ofRows = await prepared('rows', { mapping: served(), partitions: 2 })
    expect(ofRows.files).toEqual(ofFiles.files)
    expect({ ...ofRows, name: '', settings: {} }).toEqual({ ...ofFiles, name: '', settings: {} })
    const written = readFileSync(join(folder.path, 'rows', 'manifest.json'), 'utf8')
    expect(written).toContain(`"postgres at 127.0.0.1:${server.port}/postgres"`)
    expect(written).not.toMatch(/p@ss|p%40|siftrec:/)
  }, 60_000)

  it('are read with the password of the environment', async () => {
    using folder = temporaryFolder()
    vi.stubEnv('PGPASSWORD', password)
    const database = server.url.replace(`:${encodeURIComponent(password)}`, '')
    const { counts } = await prepareDataset({
      mapping: { ...usual, events: { database, table: 'events' } },
      out: join(folder.path, 'out'),
    })
    expect(counts).toEqual({ events: 5, users: 3, items: 2, perBehavior: { view: 3, buy: 2 } })
  })

  it.each<[string, (url: string) => NonNullable<MappingInput['events']>, RegExp]>([
    [
      'no server',
      (url) => ({ database: url.replace(/:\d+\//, ':1/'), table: 'events' }),
      /^postgres at 127\.0\.0\.1:1\/postgres: missing: no server answers \(ECONNREFUSED\)\. is it running, and is mapping events\.database right\?$/,
    ],
    [
      'a wrong password',
      (url) => ({ database: url.replace(encodeURIComponent(password), 'wrong'), table: 'events' }),
      /: invalid: the server refuses the user or the password\. correct mapping events\.database, or set the password as PGPASSWORD in the environment$/,
    ],
    [
      'no such database',
      (url) => ({ database: url.replace(/postgres$/, 'shop'), table: 'events' }),
      /\/shop: missing: the server has no such database$/,
    ],
    [
      'no such table',
      (database) => ({ database, table: 'Events' }),
      /\/postgres: missing: table "Events", expected a table or view of the database$/,
    ],
    [
      'no such column',
      (database) => ({ database, query: 'select buyer from events' }),
      /\/postgres: invalid: column "buyer" does not exist$/,
    ],
    [
      'a column that is not there under its usual names',
      (database) => ({ database, query: 'select n, item, time, behavior from events' }),
      /^query of events: missing: column "user" or "user_id" or "userid", expected one of "n", "item", "time", "behavior"\. name it with events\.user in the mapping$/,
    ],
    [
      'a query that is none',
      (database) => ({ database, query: 'events please' }),
      /\/postgres: invalid: syntax error at or near "events"$/,
    ],
    [
      'a query that would change something',
      (database) => ({ database, query: 'delete from events returning *' }),
      /\/postgres: invalid: cannot execute DELETE in a read-only transaction$/,
    ],
    [
      'a table that may not be read',
      (url) => ({ database: url.replace(/siftrec:[^@]*/, 'reader:reader'), table: 'secret' }),
      /\/postgres: invalid: permission denied for table secret, expected the right to select from it$/,
    ],
    ['a table without a row', (database) => ({ database, table: 'nothing' }), /^table nothing: empty: no record$/],
    [
      'a row that cannot be read',
      (database) => ({
        database,
        query:
          "select user_id, item, case n when 4 then 'ogle' else behavior end as behavior, time from events order by n",
      }),
      /^query of events row 4, column "behavior": unknown: "ogle", expected one of view, pay/,
    ],
  ])('are refused in a sentence: %s', async (_, events, sentence) => {
    using folder = temporaryFolder()
    const error = await refusal(folder, { events: events(server.url) })
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toMatch(sentence)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/wrong|p@ss|p%40|reader:reader/)
  })

  it('are not half read where the connection breaks', async () => {
    using folder = temporaryFolder()
    using line = await openLine(server.port)
    const database = server.url.replace(`:${server.port}/`, `:${line.port}/`)
    const query =
      "select 'u' || n % 9 as user, n as item, 'view' as behavior, n as time from generate_series(1, 30000000) n"
    const broken = refusal(folder, { events: { database, query } })
    while (!(await isCopying())) await sleep(20)
    line.endAfter(0)
    const { message } = await broken
    expect(message).toMatch(/: missing: the connection ended before all rows came\. try again$/)
  }, 60_000)
})

describe('a database in a mapping', () => {
  const database = 'postgres://ann:s3cret@host/shop'
  it.each<[MappingInput, string]>([
    [
      { events: { database } },
      'mapping events: missing: what to read of database, expected table or query, one of the two',
    ],
    [
      { items: { table: 'items' } },
      'mapping items: missing: database, expected beside table: postgres://USER@HOST:PORT/DATABASE',
    ],
    [
      { events: { database, table: 'a', query: 'b' } },
      'mapping events: duplicate: both table and query, expected table or query, one of the two',
    ],
    [
      { users: { database, table: 'a', files: 'b.csv' } },
      'mapping users: unsupported: files beside database, expected one of the two',
    ],
    [
      { events: { database: 'mysql://ann:s3cret@host/shop', table: 'a' } },
      'mapping events.database: unsupported: mysql:, expected postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    ],
    [
      { events: { database: 'postgres://ann:s3cret%@host/shop', table: 'a' } },
      'mapping events.database: invalid: an address of postgres that cannot be read, expected postgres://USER:PASSWORD@HOST:PORT/DATABASE. signs such as @ and / in a password are written %40 and %2F',
    ],
  ])('is refused without its password: %j', async (mapping, sentence) => {
    using folder = temporaryFolder()
    expect((await refusal(folder, mapping)).message).toBe(sentence)
  })

  it.each([
    [
      database,
      'postgres://host/shop: unsupported: a database, expected a file of this machine, or s3://BUCKET/KEY. name it with events.database in the mapping, and a table or a query',
    ],
    [
      'gs://shop/log.parquet',
      'gs://shop/log.parquet: unsupported: a remote file, expected a file of this machine, or s3://BUCKET/KEY. copy it to a disk first, and name the copy',
    ],
  ])('is no file: %s', async (events, sentence) => {
    using folder = temporaryFolder()
    expect((await refusal(folder, {}, { events })).message).toBe(sentence)
  })
})
