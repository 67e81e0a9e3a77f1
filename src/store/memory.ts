/** @file A store that ends with its process: for tests, and for trying a service. */
import type { Appended, EventStore, FreshEvent, FreshHistory, ItemRecord } from './event-store.ts'
import { checkEvents, checkName } from './limits.ts'

/** Opens an empty store. */
export function openMemoryStore(): EventStore {
  const byUser = new Map<string, FreshEvent[]>()
  const ids = new Set<string>()
  const forgotten = new Set<string>()
  const items = new Map<string, ItemRecord>()
  let version = 0

  /** Whether an event is new. */
  function store(event: FreshEvent): boolean {
    if (event.id !== undefined && ids.has(event.id)) return false
    if (event.id !== undefined) ids.add(event.id)
    const events = byUser.get(event.user) ?? []
    byUser.set(event.user, events)
    events.splice(events.findLastIndex(({ time }) => time <= event.time) + 1, 0, { ...event })
    return true
  }

  return {
    name: 'memory',
    async append(events): Promise<Appended> {
      checkEvents(events)
      const stored = events.filter(store).length
      return { stored, repeated: events.length - stored }
    },
    async history(user, limit): Promise<FreshHistory> {
      checkName('user', user)
      return { events: lastOf(byUser.get(user) ?? [], limit), forgotten: forgotten.has(user) }
    },
    async forget(user) {
      checkName('user', user)
      const events = byUser.get(user) ?? []
      for (const { id } of events) if (id !== undefined) ids.delete(id)
      byUser.delete(user)
      forgotten.add(user)
      return events.length
    },
    async putItem(record) {
      checkName('item', record.id)
      items.set(record.id, structuredClone(record))
      version++
    },
    itemsVersion: async () => version,
    items: async () => [...items.values()],
    async *all() {
      for (const events of byUser.values()) yield [...events]
    },
    forgotten: async () => [...forgotten],
    ping: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const lastOf = <T>(values: readonly T[], count: number): T[] => values.slice(Math.max(0, values.length - count))
