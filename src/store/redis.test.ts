import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outageSuite } from '../../test/conformance/store/outage-suite.ts'
import { storeSuite } from '../../test/conformance/store/store-suite.ts'
import { type OwnServer, password, redisProgram, startRedis } from '../../test/fixtures/own-servers.ts'
import { UserError } from '../errors.ts'
import { openStore } from './open-store.ts'

describe.skipIf(!redisProgram())('Redis', () => {
  let server: OwnServer
  let database = -1
  const told: string[] = []
  const open = (): ReturnType<typeof openStore> => openStore(`${server.url}/${database}`, (line) => told.push(line))
  beforeAll(async () => {
    server = await startRedis(['appendonly yes', 'appendfsync always', 'databases 100'])
  })
  afterAll(() => server[Symbol.asyncDispose]())

  storeSuite('redis', {
    openNew: () => {
      database++
      return open()
    },
    openAgain: open,
  })
  outageSuite('redis', {
    server: () => server,
    open: (port = server.port) => openStore(`${server.url.replace(`${server.port}`, `${port}`)}/50`),
  })

  it('has no warning for a server that keeps what it acknowledges', () => {
    expect(told).toEqual([])
  })

  it('warns where the server would lose events', async () => {
    await using loose = await startRedis(['appendonly yes', 'maxmemory 100mb', 'maxmemory-policy allkeys-lru'])
    const lines: string[] = []
    await using _ = await openStore(loose.url, (line) => lines.push(line))
    const name = `redis at 127.0.0.1:${loose.port}`
    expect(lines).toEqual([
      `warning: ${name} may lose events that it acknowledged: set "appendfsync always"`,
      `warning: ${name} drops events when its memory is full: set "maxmemory-policy noeviction"`,
    ])
  })

  it('refuses a store of another format', async () => {
    database = 60
    await (await open())[Symbol.asyncDispose]()
    const { Redis } = await import('ioredis')
    const redis = new Redis(`${server.url}/${database}`)
    await redis.set('{siftrec}:format', '2')
    await redis.quit()
    await expect(open()).rejects.toThrow(
      /^redis at 127\.0\.0\.1:\d+\/60: mismatched: a store of format 2, expected format 1\. use the version/,
    )
  })

  it('refuses a database that is no number', async () => {
    await expect(openStore(`${server.url}/shop`)).rejects.toThrow(/\/shop: invalid: its database, expected a number/)
    await expect(openStore(`${server.url}?db=x`)).rejects.toThrow(/: invalid: its database, expected a number/)
  })

  it.each([
    ['a wrong password', () => server.url.replace(encodeURIComponent(password), 'wrong')],
    ['no password', () => `redis://127.0.0.1:${server.port}`],
    ['a database that it has not', () => `${server.url}/5000`],
  ])('refuses %s, and shows none', async (_, url) => {
    const error = await openStore(url()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toMatch(/: invalid: the server refuses \([A-Z]+\), expected a user/)
    expect((error as UserError).message).not.toMatch(/wrong|p@ss|p%40/)
  })
})
