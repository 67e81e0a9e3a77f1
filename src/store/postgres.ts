/**
 * @file A store in PostgreSQL, for several processes on one or many machines.
 *
 * Each call is one statement, so it is done as a whole. Transactions that end together are flushed together, which
 * several connections make possible.
 */
import { UserError } from '../errors.ts'
import { loadPostgres, type PostgresError, type Sql } from '../storage/postgres.ts'
import type { Appended, EventStore, FreshEvent, FreshHistory, ItemRecord } from './event-store.ts'
import { StoreUnavailable } from './event-store.ts'
import { checkFormat, storeFormat } from './format.ts'
import { checkEvents, checkName } from './limits.ts'

/** How many milliseconds a call waits for its answer. */
const patience = 2000
/** The same where tables may have to be made first. */
const patienceAtOpening = 10_000
/** How many seconds the client waits before it tries to connect again. */
const retryEvery = 0.25
/** After how many seconds without a question a connection ends, also one of those that were given up. */
const idleFor = 60
const connections = 8
/** How many events, items or users are read at a time where all are. */
const chunk = 500
/** Names the lock under which tables are made: two processes may start at once. */
const makingLock = 7_305_861

/** `batch` and `place` are the order of arrival. Names are compared by their bytes. */
const schema = `
  create schema if not exists siftrec;
  create table siftrec.format (version int not null);
  insert into siftrec.format values (${storeFormat});
  create sequence siftrec.batches;
  create table siftrec.events (
    user_id text collate "C" not null,
    time bigint not null,
    batch bigint not null,
    place int not null,
    item text collate "C" not null,
    behavior text collate "C" not null,
    id text collate "C" unique,
    primary key (user_id, time, batch, place)
  );
  create table siftrec.forgotten (user_id text collate "C" primary key);
  create table siftrec.items (id text collate "C" primary key, record text not null);
  create table siftrec.items_version (version bigint not null);
  insert into siftrec.items_version values (0);`

/** Arrays of int, bigint and text by the numbers that PostgreSQL has for them, as it reads them; no answer has one. */
const arrays = {
  to: 1009,
  from: [1007, 1016, 1009],
  serialize: (values: readonly (string | number | null)[]) =>
    `{${values.map((value) => (value === null ? 'null' : `"${`${value}`.replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`,
  parse: (text: string) => text,
}

/** A row of events; numbers of eight bytes come as text. */
interface Row {
  readonly user_id: string
  readonly time: string
  readonly batch: string
  readonly place: number
  readonly item: string
  readonly behavior: string
  readonly id: string | null
}
const ofRow = ({ user_id: user, item, behavior, time, id }: Row): FreshEvent => ({
  user,
  item,
  behavior,
  time: Number(time),
  ...(id !== null && { id }),
})

/**
 * Connects to a store, and makes its tables where they are missing.
 * @param url a URL of PostgreSQL
 * @param name what messages call it
 * @param report is told where the server may lose what it acknowledged
 * @throws UserError `invalid` where the server refuses, `mismatched` for a store of another format
 * @throws StoreUnavailable when it cannot be reached
 */
export async function openPostgresStore(
  url: string,
  name: string,
  report: (line: string) => void,
): Promise<EventStore> {
  const postgres = await loadPostgres()
  const server = new Server(name, () =>
    postgres(url, {
      max: connections,
      connect_timeout: patience / 1000,
      idle_timeout: idleFor,
      backoff: () => retryEvery,
      types: { arrays },
      // What nobody waits for any more keeps no locks.
      connection: {
        application_name: 'siftrec',
        synchronous_commit: 'on',
        statement_timeout: patienceAtOpening,
        idle_in_transaction_session_timeout: patienceAtOpening,
      },
    }),
  )
  try {
    await prepare(server, report)
    return storeOf(server)
  } catch (error) {
    await server.close()
    throw error
  }
}

/** A server that is asked: connections that do not answer are given up, and others made. */
class Server {
  readonly name: string
  readonly #connect: () => Sql
  #sql: Sql

  constructor(name: string, connect: () => Sql) {
    this.name = name
    this.#connect = connect
    this.#sql = connect()
  }

  /** @throws StoreUnavailable when there is no answer, and a mistake in a statement as it is */
  async ask<T>(question: (sql: Sql) => Promise<T>): Promise<T> {
    try {
      return await this.askOnce(question, patience)
    } catch (error) {
      if (mistakes.test(codeOf(error))) throw error
      throw this.unavailable(codeOf(error))
    }
  }

  /** Asks and gives the client's errors as they are. */
  async askOnce<T>(question: (sql: Sql) => Promise<T>, milliseconds: number): Promise<T> {
    const sql = this.#sql
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#giveUp(sql)
        reject(this.unavailable('no answer'))
      }, milliseconds)
    })
    try {
      return await Promise.race([question(sql), late])
    } finally {
      clearTimeout(timer)
    }
  }

  unavailable(why: string): StoreUnavailable {
    return new StoreUnavailable(`${this.name} cannot be reached (${why})`)
  }

  #giveUp(sql: Sql): void {
    if (this.#sql !== sql) return
    this.#sql = this.#connect()
    void sql.end({ timeout: 0 })
  }

  close(): Promise<void> {
    return this.#sql.end({ timeout: patience / 1000 })
  }
}

const codeOf = (error: unknown): string => (error as Partial<PostgresError>).code ?? 'no answer'

/** Classes of SQLSTATE that are mistakes of a statement, and so our own. */
const mistakes = /^(?:22|23|42)...$/
/** What the server refuses whatever its state: an unknown user, password or database, or a right that is missing. */
const refusals = /^(?:28...|3D000|42501)$/

async function prepare(server: Server, report: (line: string) => void): Promise<void> {
  try {
    await server.askOnce(async (sql) => {
      await checkSettings(sql, server.name, report)
      await makeTables(sql)
      const [format] = await sql<{ version: number }[]>`select version from siftrec.format`
      checkFormat(server.name, format?.version)
    }, patienceAtOpening)
  } catch (error) {
    if (error instanceof UserError || error instanceof StoreUnavailable) throw error
    const code = codeOf(error)
    if (!refusals.test(code)) throw server.unavailable(code)
    throw new UserError({
      where: server.name,
      problem: 'invalid',
      value: `the server refuses (${code})`,
      expected: 'a user, a password and a database that it knows, and the right to create a schema',
    })
  }
}

/** Whether the server can hold every name, and keeps what it acknowledges. */
async function checkSettings(sql: Sql, where: string, report: (line: string) => void): Promise<void> {
  const names = ['server_encoding', 'synchronous_commit', 'fsync']
  const set = await sql<{ value: string }[]>`select current_setting(unnest(${names}::text[])) as value`
  const [encoding, committed, flushed] = set.map(({ value }) => value)
  if (encoding !== 'UTF8')
    throw new UserError({ where, problem: 'unsupported', value: `the encoding ${encoding}`, expected: 'UTF8' })
  const wrong = [committed === 'off' && '"synchronous_commit = on"', flushed === 'off' && '"fsync = on"'].filter(
    Boolean,
  )
  if (wrong.length > 0) report(`warning: ${where} may lose events that it acknowledged: set ${wrong.join(' and ')}`)
}

async function makeTables(sql: Sql): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${makingLock})`
    const [there] = await transaction`select to_regclass('siftrec.format') as found`
    if (there?.['found'] === null) await transaction.unsafe(schema)
  })
}

function storeOf(server: Server): EventStore {
  return {
    name: server.name,
    async append(events): Promise<Appended> {
      checkEvents(events)
      const stored = await server.ask((sql) => insert(sql, events))
      return { stored, repeated: events.length - stored }
    },
    async history(user, limit): Promise<FreshHistory> {
      checkName('user', user)
      // One row at least, so that both are of one moment.
      const rows = await server.ask(
        (sql) => sql<(Row & { forgotten: boolean; found: boolean })[]>`
          select last.*, last.user_id is not null as found, known.forgotten
          from (select exists (select from siftrec.forgotten where user_id = ${user}) as forgotten) known
          left join (
            select * from siftrec.events where user_id = ${user} order by time desc, batch desc, place desc limit ${limit}
          ) last on true
          order by last.time, last.batch, last.place`,
      )
      return { events: rows.filter(({ found }) => found).map(ofRow), forgotten: rows[0]?.forgotten ?? false }
    },
    async forget(user) {
      checkName('user', user)
      const [gone] = await server.ask(
        (sql) => sql<{ count: number }[]>`
          with gone as (delete from siftrec.events where user_id = ${user} returning 1),
          remembered as (insert into siftrec.forgotten values (${user}) on conflict do nothing)
          select count(*)::int as count from gone`,
      )
      return gone?.count ?? 0
    },
    async putItem(record) {
      checkName('item', record.id)
      const text = JSON.stringify(record)
      await server.ask(
        (sql) => sql`
          with put as (
            insert into siftrec.items values (${record.id}, ${text}) on conflict (id) do update set record = excluded.record
          )
          update siftrec.items_version set version = version + 1`,
      )
    },
    async itemsVersion() {
      const [row] = await server.ask((sql) => sql<{ version: string }[]>`select version from siftrec.items_version`)
      return Number(row?.version)
    },
    async items() {
      const rows = await everyRow((after) =>
        server.ask(
          (sql) => sql<{ name: string; record: string }[]>`
            select id as name, record from siftrec.items where id > ${after} order by id limit ${chunk}`,
        ),
      )
      return rows.map(({ record }) => JSON.parse(record) as ItemRecord)
    },
    async *all() {
      let last: Pick<Row, 'user_id' | 'time' | 'batch' | 'place'> = { user_id: '', time: '0', batch: '0', place: 0 }
      for (;;) {
        const { user_id: user, time, batch, place } = last
        const rows = await server.ask(
          (sql) => sql<Row[]>`
            select * from siftrec.events where (user_id, time, batch, place) > (${user}, ${time}, ${batch}, ${place})
            order by user_id, time, batch, place limit ${chunk}`,
        )
        const next = rows.at(-1)
        if (!next) return
        yield rows.map(ofRow)
        last = next
      }
    },
    async forgotten() {
      const rows = await everyRow((after) =>
        server.ask(
          (sql) => sql<{ name: string }[]>`
            select user_id as name from siftrec.forgotten where user_id > ${after} order by user_id limit ${chunk}`,
        ),
      )
      return rows.map(({ name }) => name)
    },
    ping: () => server.ask(async (sql) => void (await sql`select`)),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** All rows of a table, some at a time: one question for a large table could take longer than a call may. */
async function everyRow<R extends { name: string }>(page: (after: string) => Promise<R[]>): Promise<R[]> {
  const all: R[] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const rows: R[] = await page(after)
    for (const row of rows) all.push(row)
    after = rows.at(-1)?.name
  }
  return all
}

const byCodeUnits = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** @returns how many were new */
async function insert(sql: Sql, events: readonly FreshEvent[]): Promise<number> {
  if (events.length === 0) return 0
  // All writers go through ids in one order: they wait for one another's, and never in a circle.
  const rows = events
    .map((event, place) => ({ ...event, id: event.id ?? null, place }))
    .sort((a, b) => byCodeUnits(a.id ?? '', b.id ?? '') || a.place - b.place)
  const column = <K extends keyof (typeof rows)[number]>(name: K): (typeof rows)[number][K][] =>
    rows.map((row) => row[name])
  const { count } = await sql`
    insert into siftrec.events (user_id, time, batch, place, item, behavior, id)
    select user_id, time, (select nextval('siftrec.batches')), place, item, behavior, id
    from unnest(
      ${column('user')}::text[], ${column('time')}::bigint[], ${column('place')}::int[],
      ${column('item')}::text[], ${column('behavior')}::text[], ${column('id')}::text[]
    ) as fresh (user_id, time, place, item, behavior, id)
    on conflict (id) do nothing`
  return count
}
