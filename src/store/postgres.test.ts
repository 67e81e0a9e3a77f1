import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outageSuite } from '../../test/conformance/store/outage-suite.ts'
import { storeSuite } from '../../test/conformance/store/store-suite.ts'
import { type OwnServer, password, postgresProgram, startPostgres } from '../../test/fixtures/own-servers.ts'
import { UserError } from '../errors.ts'
import { openStore } from './open-store.ts'

describe.skipIf(!postgresProgram())('PostgreSQL', () => {
  let server: OwnServer
  const told = new Set<string>()
  const open = (): ReturnType<typeof openStore> => openStore(server.url, (line) => told.add(line))
  const run = async (statement: string): Promise<void> => {
    const { default: postgres } = await import('postgres')
    const sql = postgres(server.url, { max: 1, onnotice: () => undefined })
    await sql.unsafe(statement)
    await sql.end()
  }
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  storeSuite('postgres', {
    openNew: async () => {
      await run('drop schema if exists siftrec cascade')
      return open()
    },
    openAgain: open,
  })
  outageSuite('postgres', {
    server: () => server,
    open: (port = server.port) => openStore(server.url.replace(`${server.port}`, `${port}`)),
  })

  it('makes its tables once where several open it at once', async () => {
    await run('drop schema if exists siftrec cascade')
    const stores = await Promise.all([open(), open(), open()])
    for (const store of stores) await store.append([{ user: 'ann', item: 'tea', behavior: 'click', time: 1 }])
    expect((await stores[0].history('ann', 9)).events.length).toBe(3)
    for (const store of stores) await store[Symbol.asyncDispose]()
  })

  it('has its commits flushed whatever the database says, and warns where the server flushes nothing', async () => {
    await run('alter database postgres set synchronous_commit = off')
    await (await open())[Symbol.asyncDispose]()
    await run('alter database postgres reset synchronous_commit')
    const name = `postgres at 127.0.0.1:${server.port}/postgres`
    expect([...told]).toEqual([`warning: ${name} may lose events that it acknowledged: set "fsync = on"`])
  })

  it('refuses a store of another format', async () => {
    await (await open())[Symbol.asyncDispose]()
    await run('update siftrec.format set version = 2')
    await expect(open()).rejects.toThrow(
      /^postgres at 127\.0\.0\.1:\d+\/postgres: mismatched: a store of format 2, expected format 1\. use the version/,
    )
    await run('drop schema siftrec cascade')
  })

  it.each([
    ['a wrong password', () => server.url.replace(encodeURIComponent(password), 'wrong')],
    ['a database that it has not', () => server.url.replace(/postgres$/, 'shop')],
  ])('refuses %s, and shows none', async (_, url) => {
    const error = await openStore(url()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toMatch(/: invalid: the server refuses \(\w+\), expected a user/)
    expect((error as UserError).message).not.toMatch(/wrong|p@ss|p%40/)
  })
})
