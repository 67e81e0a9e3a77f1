/** @file What a store must do whose server goes away and comes back, as tests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type EventStore, StoreUnavailable } from '../../../src/store/event-store.ts'
import { type OwnServer, openLine, password } from '../../fixtures/own-servers.ts'
import { event, everything } from './store-suite.ts'

/** The server, and how its store is opened. */
export interface OutageCase {
  readonly server: () => OwnServer
  /** @param port another way to the server */
  readonly open: (port?: number) => Promise<EventStore>
}

/** What a call says while the server is away, and after how many milliseconds. */
async function failureOf(call: () => Promise<unknown>): Promise<{ error: unknown; after: number }> {
  const start = performance.now()
  const error = await call().catch((thrown: unknown) => thrown)
  return { error, after: performance.now() - start }
}

/** Calls until the store answers. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || tries > 50) throw error
      await sleep(100)
    }
  }
}

/** Registers the tests of a kind of store. */
export function outageSuite(kind: string, { server, open }: OutageCase): void {
  describe(`a store of events, ${kind}, whose server goes away`, () => {
    const expectUnavailable = async (store: EventStore, within = 3000): Promise<void> => {
      const calls = [
        () => store.append([event('eve', 'pot', 3)]),
        () => store.history('eve', 5),
        () => store.forget('bob'),
        () => store.putItem({ id: 'tea', available: true }),
        () => store.itemsVersion(),
        () => store.items(),
        () => everything(store),
        () => store.forgotten(),
        () => store.ping(),
      ]
      for (const { error, after } of await Promise.all(calls.map(failureOf))) {
        expect(error).toBeInstanceOf(StoreUnavailable)
        expect((error as Error).message).toMatch(
          new RegExp(`^${kind} at 127\\.0\\.0\\.1:\\d+\\S* cannot be reached \\(`),
        )
        expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(password)
        expect(after).toBeLessThan(within)
      }
    }

    it('fails soon when it is killed, loses nothing, and goes on when it is back', async () => {
      await using store = await open()
      expect(store.name).not.toMatch(/p@ss|p%40|siftrec/)
      await store.append([event('eve', 'tea', 1, 'x'), event('eve', 'mug', 2)])
      const version = await store.itemsVersion()
      await server().kill()
      await expectUnavailable(store)
      // However often it failed before.
      await expectUnavailable(store, 1500)
      await expect(open()).rejects.toBeInstanceOf(StoreUnavailable)
      await server().start()
      expect((await answered(() => store.history('eve', 5))).events.map(({ item }) => item)).toEqual(['tea', 'mug'])
      expect(await store.append([event('eve', 'tea', 1, 'x'), event('eve', 'pot', 3)])).toEqual({
        stored: 1,
        repeated: 1,
      })
      expect(await store.itemsVersion()).toBe(version)
    })

    it('fails soon when nobody answers, and goes on over new connections where the old ones stay silent', async () => {
      using line = await openLine(server().port)
      await using store = await open(line.port)
      await store.append([event('cyd', 'tea', 1)])
      // At once, so that all connections there can be are there.
      await Promise.all(Array.from({ length: 50 }, () => store.ping()))
      line.cut()
      await expectUnavailable(store)
      line.mend()
      expect((await answered(() => store.history('cyd', 5))).events.map(({ item }) => item)).toEqual(['tea'])
      expect(await store.append([event('cyd', 'mug', 2)])).toEqual({ stored: 1, repeated: 0 })
    })

    it('fails soon at whatever moment of its beginning a connection ends, and goes on afterwards', async () => {
      // Node ends a process where one is left.
      const unhandled: unknown[] = []
      const see = (error: unknown): void => void unhandled.push(error)
      process.on('unhandledRejection', see)
      onTestFinished(() => void process.off('unhandledRejection', see))
      const endsAfter = async (messages: number): Promise<void> => {
        using line = await openLine(server().port)
        await using store = await open(line.port)
        line.endAfter(messages)
        const met = await Promise.all(Array.from({ length: 10 }, () => failureOf(() => store.ping())))
        expect(met.filter(({ error }) => error !== undefined && !(error instanceof StoreUnavailable))).toEqual([])
        expect(Math.max(...met.map(({ after }) => after))).toBeLessThan(3000)
        line.mend()
        await answered(() => store.ping())
      }
      // Most of the time each waits.
      await Promise.all([0, 1, 2, 3, 4, 5].map(endsAfter))
      expect(unhandled).toEqual([])
    })

    it('fails in a call that is under way, and stores a batch whole or not at all', async () => {
      await using store = await open()
      const size = 20
      const told: unknown[] = []
      const write = async (): Promise<void> => {
        while (!told.some((one) => one instanceof Error)) {
          const batch = told.push('under way') - 1
          const events = Array.from({ length: size }, (_, at) => event(`dan${at}`, `${batch}`, batch, `${batch} ${at}`))
          told[batch] = await store.append(events).catch((error: unknown) => error)
        }
      }
      const writers = Promise.all([write(), write(), write(), write()])
      await sleep(100)
      await server().kill()
      const killed = performance.now()
      await writers
      // At once, since the connections ended: not only when the patience does.
      expect(performance.now() - killed).toBeLessThan(1500)
      await server().start()
      const found = (await answered(() => everything(store))).filter(({ user }) => user.startsWith('dan'))
      const counts = told.map((_, batch) => found.filter(({ item }) => item === String(batch)).length)
      expect(counts.filter((count) => count !== 0 && count !== size)).toEqual([])
      const refused = told.flatMap((one, batch) => (one instanceof Error ? [batch] : []))
      expect(refused.filter((batch) => !(told[batch] instanceof StoreUnavailable))).toEqual([])
      const lost = counts.flatMap((count, batch) => (count === 0 && !refused.includes(batch) ? [batch] : []))
      expect(lost).toEqual([])
    })
  })
}
