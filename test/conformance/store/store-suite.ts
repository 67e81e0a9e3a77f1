/** @file What every store of events must do, as tests. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import type { EventStore, FreshEvent } from '../../../src/store/event-store.ts'

/** A store to test: made anew for each test. */
export interface StoreCase {
  /** How many events `all` gives at a time: by default as stores do that could not hold them all in memory. */
  readonly mostAtOnce?: number
  /** Opens an empty store. */
  readonly openNew: () => Promise<EventStore>
  /** Opens once more the store that was made last, as another process would; missing where there is no such thing. */
  readonly openAgain?: () => Promise<EventStore>
}

export const event = (user: string, item: string, time: number, id?: string): FreshEvent => ({
  user,
  item,
  behavior: 'click',
  time,
  ...(id !== undefined && { id }),
})

/** All events of a store. */
export async function everything(store: EventStore): Promise<FreshEvent[]> {
  const found: FreshEvent[] = []
  for await (const events of store.all()) found.push(...events)
  return found
}

const strange = [
  '\u{1F600}\u0301 \u00A0',
  "'; drop table users; --",
  '$1 {x} %s',
  '\u0001\u001f\\"',
  'ü'.repeat(256),
  ':',
  'a\u0001',
]

const refused: [message: string, wrong: FreshEvent][] = [
  ['events[1].user: invalid: ""', event('', 'tea', 1)],
  ['events[1].item: invalid: "üüü', event('ann', `${'ü'.repeat(256)}a`, 1)],
  ['events[1].behavior: invalid: "a\\u0000b", expected no NUL', { ...event('ann', 'tea', 1), behavior: 'a\0b' }],
  ['events[1].id: invalid: "\\ud83d"', event('ann', 'tea', 1, '\u{1F600}'.slice(0, 1))],
  ['events[1].time: invalid: 1.5, expected whole milliseconds', event('ann', 'tea', 1.5)],
  ['events[1].time: invalid: NaN', event('ann', 'tea', Number.NaN)],
  ['events[1].time: invalid: -1', event('ann', 'tea', -1)],
  ['events[1].time: invalid: 281474976710656', event('ann', 'tea', 2 ** 48)],
]

/** Registers the tests of a kind of store. */
export function storeSuite(kind: string, { openNew, openAgain, mostAtOnce = 500 }: StoreCase): void {
  describe(`a store of events, ${kind}`, () => {
    let store: EventStore
    beforeEach(async () => {
      store = await openNew()
    })
    afterEach(() => store[Symbol.asyncDispose]())
    const itemsOf = async (user: string, limit = 100): Promise<string[]> =>
      (await store.history(user, limit)).events.map(({ item }) => item)

    it('knows nothing of anybody at first', async () => {
      expect(await store.history('ann', 5)).toEqual({ events: [], forgotten: false })
      expect(await everything(store)).toEqual([])
      expect(await store.items()).toEqual([])
      expect(await store.forgotten()).toEqual([])
      await store.ping()
    })

    it('gives back what it was given', async () => {
      const events = [event('ann', 'tea', 5, 'one'), { ...event('bob', 'tea', 2 ** 48 - 1), behavior: 'buy' }]
      expect(await store.append(events)).toEqual({ stored: 2, repeated: 0 })
      expect(await store.history('ann', 5)).toEqual({ events: [events[0]], forgotten: false })
      expect(await store.history('bob', 5)).toEqual({ events: [events[1]], forgotten: false })
      expect(await store.append([])).toEqual({ stored: 0, repeated: 0 })
    })

    it('reads the last events in order of time, and of arrival where the time is one', async () => {
      await store.append([event('ann', 'c', 30), event('ann', 'a', 10), event('ann', 'd', 30), event('ann', 'b', 20)])
      await store.append([event('ann', 'e', 30), event('ann', 'a2', 10), event('ann', 'z', 0)])
      expect(await itemsOf('ann')).toEqual(['z', 'a', 'a2', 'b', 'c', 'd', 'e'])
      expect(await itemsOf('ann', 3)).toEqual(['c', 'd', 'e'])
      expect(await itemsOf('ann', 0)).toEqual([])
    })

    it('keeps the order of arrival over many ties', async () => {
      const names = Array.from({ length: 40 }, (_, at) => `i${(at * 7) % 40}`)
      for (let at = 0; at < 40; at += 10)
        await store.append(names.slice(at, at + 10).map((item) => event('a', item, 1)))
      expect(await itemsOf('a')).toEqual(names)
    })

    it('does not store an id twice: later, in a batch, of another user, or at once', async () => {
      await store.append([event('ann', 'tea', 1, 'x')])
      expect(
        await store.append([event('ann', 'tea', 1, 'x'), event('ann', 'mug', 2, 'y'), event('ann', 'mug', 2, 'y')]),
      ).toEqual({ stored: 1, repeated: 2 })
      expect(await store.append([event('bob', 'tea', 1, 'x')])).toEqual({ stored: 0, repeated: 1 })
      expect(await itemsOf('ann')).toEqual(['tea', 'mug'])
      // In opposite orders, so that two writers would wait for each other.
      const ids = Array.from({ length: 2000 }, (_, at) => event('cyd', `i${at}`, at, `id ${at}`))
      const other = openAgain ? await openAgain() : store
      // Once before, so that all begin at the same time.
      await Promise.all([store, other, store, other].map((one) => one.append([event('bob', 'mug', 2)])))
      const answers = await Promise.all(
        [ids, ids.toReversed(), ids, ids.toReversed()].map((batch, at) => (at % 2 ? other : store).append(batch)),
      )
      expect(answers.reduce((sum, { stored }) => sum + stored, 0)).toBe(2000)
      expect(answers.reduce((sum, { repeated }) => sum + repeated, 0)).toBe(6000)
      expect(await itemsOf('cyd', 2001)).toEqual(ids.map(({ item }) => item))
      if (other !== store) await other[Symbol.asyncDispose]()
    })

    it('keeps events without an id however often they come', async () => {
      await store.append([event('ann', 'tea', 1), event('ann', 'tea', 1)])
      expect(await store.append([event('ann', 'tea', 1)])).toEqual({ stored: 1, repeated: 0 })
      expect(await itemsOf('ann')).toEqual(['tea', 'tea', 'tea'])
    })

    it('holds names in any script, and mixes none up', async () => {
      const users = [...strange, 'a', 'ann', 'ann:1', 'an', '1']
      await store.append(
        users.map((user, at) => ({ user, item: `${at}${user}`.slice(0, 200), behavior: user, time: 1, id: user })),
      )
      for (const [at, user] of users.entries()) {
        const { events } = await store.history(user, 10)
        expect(events).toEqual([{ user, item: `${at}${user}`.slice(0, 200), behavior: user, time: 1, id: user }])
      }
      expect((await everything(store)).map(({ user }) => user).sort()).toEqual(users.toSorted())
      for (const user of users) expect(await store.forget(user)).toBe(1)
      expect((await store.forgotten()).toSorted()).toEqual(users.toSorted())
      expect(await everything(store)).toEqual([])
    })

    it('refuses a whole batch for one event that no store could hold', async () => {
      for (const [message, wrong] of refused) {
        const error = await store.append([event('ann', 'mug', 1), wrong]).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(UserError)
        expect((error as UserError).message.slice(0, message.length)).toBe(message)
      }
      expect(await everything(store)).toEqual([])
    })

    it('refuses names that no store could hold wherever they are asked for', async () => {
      await expect(store.history('', 1)).rejects.toThrow('user: invalid: ""')
      await expect(store.forget('a\0')).rejects.toThrow('user: invalid')
      await expect(store.putItem({ id: '', available: true })).rejects.toThrow('item: invalid')
    })

    it('forgets a user, and reads what comes after', async () => {
      await store.append([event('ann', 'tea', 9, 'x'), event('ann', 'mug', 9), event('bob', 'tea', 9, 'y')])
      expect(await store.forget('ann')).toBe(2)
      expect(await store.history('ann', 5)).toEqual({ events: [], forgotten: true })
      expect(await store.history('bob', 5)).toEqual({ events: [event('bob', 'tea', 9, 'y')], forgotten: false })
      // The id went with the event.
      expect(await store.append([event('ann', 'pot', 3, 'x')])).toEqual({ stored: 1, repeated: 0 })
      expect(await store.history('ann', 5)).toEqual({ events: [event('ann', 'pot', 3, 'x')], forgotten: true })
      expect(await store.forget('ann')).toBe(1)
      expect(await store.forget('nobody')).toBe(0)
      expect((await store.forgotten()).toSorted()).toEqual(['ann', 'nobody'])
    })

    it('holds what was said of items last, and says that it changed', async () => {
      const versions = [await store.itemsVersion()]
      const tea = {
        id: 'tea',
        available: true,
        title: 'T\u0000ea',
        fields: { brand: 'x' },
        numbers: { price: 2.5 },
        text: 'a',
      }
      for (const record of [{ ...tea, title: 'old' }, tea, { id: 'mug', available: false }]) {
        await store.putItem(record)
        versions.push(await store.itemsVersion())
      }
      expect(new Set(versions).size).toBe(4)
      expect((await store.items()).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
        { id: 'mug', available: false },
        tea,
      ])
      await store.append([event('ann', 'tea', 1)])
      expect(await store.itemsVersion()).toBe(versions.at(-1))
    })

    it('gives all events, those of a user in order, some at a time', async () => {
      const events = Array.from({ length: 1300 }, (_, at) => event(`u${at % 2 ? 0 : at % 7}`, `i${at}`, at))
      await store.append(events)
      let most = 0
      let parts = 0
      const found: FreshEvent[] = []
      for await (const part of store.all()) {
        most = Math.max(most, part.length)
        parts++
        found.push(...part)
      }
      const of = (all: readonly FreshEvent[], user: string): FreshEvent[] => all.filter((one) => one.user === user)
      expect(found.length).toBe(events.length)
      for (let user = 0; user < 7; user++) expect(of(found, `u${user}`)).toEqual(of(events, `u${user}`))
      expect(most).toBeLessThanOrEqual(mostAtOnce)
      expect(parts).toBeGreaterThan(1)
    })

    it('gives all items and all users that were forgotten, however many', async () => {
      const names = Array.from({ length: 520 }, (_, at) => `${at}`.padStart(3, '0'))
      await Promise.all(names.flatMap((id) => [store.putItem({ id, available: true }), store.forget(id)]))
      expect((await store.items()).map(({ id }) => id).sort()).toEqual(names)
      expect((await store.forgotten()).toSorted()).toEqual(names)
      expect(await store.itemsVersion()).toBe(520)
    })

    it('stores many batches that come at once, each with its own answer', async () => {
      const batches = Array.from({ length: 60 }, (_, at) => [
        event('ann', `i${at}`, at, `id ${at % 50}`),
        event('bob', 'x', at),
      ])
      const answers = await Promise.all(batches.map((batch) => store.append(batch)))
      expect(answers.filter(({ stored }) => stored === 1).length).toBe(10)
      expect((await itemsOf('ann')).length).toBe(50)
      expect((await itemsOf('bob')).length).toBe(60)
    })

    it.runIf(openAgain)('has everything when it is opened again', async () => {
      await store.append([event('ann', 'tea', 1, 'x'), event('bob', 'tea', 1)])
      await store.forget('bob')
      await store.putItem({ id: 'mug', available: false })
      const version = await store.itemsVersion()
      await store[Symbol.asyncDispose]()
      store = await openAgain!()
      expect(await store.history('ann', 5)).toEqual({ events: [event('ann', 'tea', 1, 'x')], forgotten: false })
      expect(await store.history('bob', 5)).toEqual({ events: [], forgotten: true })
      expect(await store.append([event('ann', 'tea', 1, 'x')])).toEqual({ stored: 0, repeated: 1 })
      expect(await store.items()).toEqual([{ id: 'mug', available: false }])
      expect(await store.itemsVersion()).toBe(version)
      await store.append([event('ann', 'pot', 1)])
      expect(await itemsOf('ann')).toEqual(['tea', 'pot'])
    })

    it.runIf(openAgain)('shows one process at once what another was told is stored', async () => {
      await using other = await openAgain!()
      for (let at = 0; at < 20; at++) {
        const [writer, reader] = at % 2 ? [store, other] : [other, store]
        // Read first, so that a snapshot that is kept would be seen.
        expect((await reader.history('ann', 50)).events.length).toBe(at)
        await writer.append([event('ann', `i${at}`, at)])
        expect((await reader.history('ann', 50)).events.length).toBe(at + 1)
        await writer.putItem({ id: `i${at}`, available: true })
        expect((await reader.items()).length).toBe(at + 1)
      }
    })
  })
}
