import { afterAll, describe, expect, it } from 'vitest'
import { type MemoryStore, memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { freshEvent as event, idsOf as ids, shopDataset, trainServed } from '../../test/fixtures/served-shop.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { checkedEvents } from './incoming.ts'
import { knownIds } from './known-ids.ts'
import { openService, type ServiceOptions } from './open-service.ts'
import type { Recommended, RecommendRequest, Service } from './service.ts'

const dataset = shopDataset()
const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const sasrec = await trainServed(folder.path, 'sasrec', dataset)
const knn = await trainServed(folder.path, 'item-knn', dataset)
const open = (options: Partial<ServiceOptions>, store: MemoryStore = memoryStore()): Promise<Service> =>
  openService({ dataset, store, ...options })

describe('events that came since', () => {
  it('change the next list, of users the dataset does not have too', async () => {
    await using service = await open({ retrieve: sasrec })
    const before = await service.recommend({ user: 'u2', top: 5, explain: true })
    await service.add([event('u2', 'i7'), event('new', 'i8'), event('new', 'i9', { time: Date.now() })])
    const after = await service.recommend({ user: 'u2', top: 5 })
    expect(after.events).toEqual({ read: 10, fresh: 1 })
    expect(after.items.map(({ score }) => score)).not.toEqual(before.items.map(({ score }) => score))
    expect(ids(after)).not.toContain('i7')
    const fresh = await service.recommend({ user: 'new', top: 5 })
    expect(fresh.events).toEqual({ read: 2, fresh: 2 })
    expect(fresh.fallback).toBeUndefined()
    // A given history says the same; with times or in order.
    const given = await service.recommend({
      history: ['i8', 'i9'].map((item) => ({ item, behavior: 'click' })),
      top: 5,
    })
    expect(ids(given)).toEqual(ids(fresh))
  })

  it('stand at their place in time, and are skipped where the catalog has them no more', async () => {
    const store = memoryStore()
    await using service = await open({ retrieve: sasrec }, store)
    await store.append([event('u2', 'i7', { time: 1 }), event('u2', 'gone'), event('u2', 'i9', { behavior: 'cart' })])
    const { events } = await service.recommend({ user: 'u2' })
    // The oldest of eleven is not read any more.
    expect(events).toEqual({ read: 10, fresh: 0, skipped: 2 })
    const told = await service.history('u2', 100)
    expect(told).toHaveLength(13)
    expect(told[1]).toMatchObject({ id: 'gone', title: '', fresh: true })
    expect(told.at(-1)).toMatchObject({ id: 'i7', fresh: true, time: 1 })
    expect((await service.history('u2', 2)).map(({ id }) => id)).toEqual(told.slice(0, 2).map(({ id }) => id))
  })

  it('are refused where their times are seconds, which would make them the oldest of their user', () => {
    const [second, day] = [1_700_000_000, 86_400_000]
    const rulesOf = (first: number) => {
      const log = tinyDataset({
        events: [
          [1, 1, 'click', first + day],
          [1, 2, 'click', first],
        ],
      })
      const { catalog } = log
      const listing = { catalog, available: new Uint8Array(3).fill(1), records: new Map() }
      return { known: knownIds(log), listing, timed: true }
    }
    const add = (time: number, first: number) => checkedEvents([event('u1', 'i1', { time })], rulesOf(first))
    expect(() => add(second, 1000 * second)).toThrow(
      'events[0].time: invalid: 1700000000, expected whole milliseconds since 1970. if these are seconds, multiply them by 1000',
    )
    expect(add(1000 * second, 1000 * second)).toHaveLength(1)
    // An older log may have such times itself.
    expect(add(second, second)).toHaveLength(1)
  })

  it('are refused by name, all of a batch or none', async () => {
    const store = memoryStore()
    await using service = await open({ retrieve: sasrec }, store)
    const told = (more: object) =>
      service.add([event('u1', 'i1'), event('u1', 'i2', more)]).catch((error: Error) => error.message)
    expect(await told({ item: 'j2' })).toContain('events[1].item: unknown: "j2", expected an item of the catalog')
    expect(await told({ behavior: 'clicks' })).toContain('events[1].behavior: unknown: "clicks"')
    expect(await told({ time: -1 })).toContain('events[1].time: invalid: -1')
    expect(await told({ time: Date.now() + 301_000 })).toContain('events[1].time: invalid')
    expect(await told({ time: Number.NaN })).toContain('events[1].time: invalid: NaN')
    expect(await told({ time: 1.5 })).toContain('events[1].time: invalid: 1.5')
    expect(await told({ item: 'ü'.repeat(257) })).toContain('events[1].item: invalid: an id of 514 bytes')
    expect(await told({ user: '' })).toContain('events[1].user: empty')
    expect(await told({ user: 'u'.repeat(513) })).toContain('events[1].user: invalid')
    expect(await told({ id: 'a\0b' })).toContain('events[1].id: invalid')
    expect((await store.history('u1', 10)).events).toEqual([])
    expect(await service.add([event('u1', 'i1', { time: Date.now() + 200_000 })])).toEqual({ stored: 1, repeated: 0 })
  })

  it('that led to a target within their visit are not shown to a run of discoveries', async () => {
    const split = { question: 'discovery', idleMinutes: 45 } as const
    const discovering = await trainServed(folder.path, 'item-knn', dataset, { name: 'discovering', split })
    await using service = await open({ retrieve: discovering })
    const [now, minute] = [Date.now(), 60_000]
    await service.add([
      event('new', 'i7', { time: now - 50 * minute }),
      event('new', 'i8', { time: now - 40 * minute }),
      event('new', 'i8', { time: now, behavior: 'favorite' }),
      event('new', 'i7', { time: now, behavior: 'favorite' }),
    ])
    // The pause after the second click is shorter than the 45 minutes of the run, so all is one visit.
    expect((await service.recommend({ user: 'new' })).events).toEqual({ read: 2, fresh: 2 })
    expect(await service.history('new', 9)).toHaveLength(4)
  })

  it('are in the order of their arrival where the dataset has no times', async () => {
    const ordered = { ...dataset, manifest: { ...dataset.manifest, time: 'order' as const } }
    await using service = await open({ retrieve: sasrec, dataset: ordered })
    await service.add([event('u2', 'i7', { time: 99 }), event('u2', 'i8', { time: 5 })])
    const told = await service.history('u2', 3)
    expect(told.map(({ id }) => id).slice(0, 2)).toEqual(['i8', 'i7'])
    expect(told.map(({ time }) => time)).toEqual([undefined, undefined, undefined])
    expect((await service.recommend({ user: 'u2' })).events).toEqual({ read: 10, fresh: 2 })
  })

  it('are forgotten with all that was prepared of their user', async () => {
    await using service = await open({ retrieve: sasrec })
    await service.add([event('u2', 'i7')])
    expect(service.users('u2', 5)).toEqual(['u2'])
    expect(await service.forget('u2')).toEqual({ removed: 1 })
    const answer = await service.recommend({ user: 'u2', top: 5 })
    expect(answer).toMatchObject({ fallback: 'popular', events: { read: 0, fresh: 0 } })
    expect(service.users('u2', 5)).toEqual([])
    await expect(service.history('u2', 5)).rejects.toThrow('user: unknown: "u2"')
    await service.add([event('u2', 'i7')])
    expect((await service.recommend({ user: 'u2' })).events).toEqual({ read: 1, fresh: 1 })
    expect((await service.history('u2', 5)).map(({ id }) => id)).toEqual(['i7'])
  })
})

describe('a filter', () => {
  it('lets only items through that pass every condition', async () => {
    await using service = await open({ retrieve: sasrec })
    const listed = async (filter: RecommendRequest['filter']): Promise<Recommended['items']> =>
      (await service.recommend({ user: 'u1', top: 24, exclude: 'none', ...(filter && { filter }) })).items
    expect(await listed({})).toHaveLength(24)
    const some = await listed({ fields: { category: ['v1', 'v2'], brand: ['v3'] } })
    expect(some.map(({ fields }) => `${fields['category']} ${fields['brand']}`).toSorted()).toEqual([
      'v1 v3',
      'v1 v3',
      'v2 v3',
      'v2 v3',
    ])
    const priced = await listed({ numbers: { price: { from: 1, to: 2 }, weight: { to: 1 } } })
    expect(new Set(priced.map(({ numbers }) => numbers['price']))).toEqual(new Set([1]))
    expect(ids({ items: await listed({ allow: ['i3', 'i5', 'i7'], block: ['i5'] }) }).toSorted()).toEqual(['i3', 'i7'])
    const { items } = await service.recommend({ user: 'u1', top: 24, exclude: 'seen' })
    const seen = new Set((await service.history('u1', 99)).map(({ id }) => id))
    expect(items.filter(({ id }) => seen.has(id))).toEqual([])
    expect(items).toHaveLength(24 - seen.size)
  })

  it('takes the ends of a range in, and numbers are told as they were written', async () => {
    await using service = await open({ retrieve: sasrec })
    const put = { id: 'i5', available: true, numbers: { price: 11.63, weight: 0.1 } }
    expect((await service.putItem(put)).numbers).toEqual(put.numbers)
    const priced = async (price: { from?: number; to?: number }): Promise<string[]> =>
      ids(await service.recommend({ user: 'u1', top: 24, exclude: 'none', filter: { numbers: { price } } }))
    expect(await priced({ from: 11.63, to: 11.63 })).toEqual(['i5'])
    expect(await priced({ to: 11.63 })).toHaveLength(24)
    expect(await priced({ from: 11.64 })).toEqual([])
    expect(await priced({ from: 5, to: 11.62 })).toEqual([])
    expect(await priced({ from: 5, to: 1e300 })).toEqual(['i5'])
  })

  it('is refused by name', async () => {
    await using service = await open({ retrieve: sasrec })
    const told = (filter: unknown) =>
      service.recommend({ user: 'u1', filter: filter as object }).catch((error: Error) => error.message)
    expect(await told({ fields: { categori: ['v1'] } })).toContain('did you mean "category"?')
    expect(await told({ fields: { category: ['v9'] } })).toContain('filter.fields.category[0]: unknown: "v9"')
    expect(await told({ fields: { category: [3] } })).toContain('filter.fields.category[0]: invalid: 3')
    expect(await told({ fields: { price: ['3'] } })).toContain('use filter.numbers')
    expect(await told({ fields: { toString: ['3'] } })).toContain('filter.fields: unknown: "toString"')
    expect(await told({ numbers: { price: { from: '3' } } })).toContain('filter.numbers.price.from: invalid: 3')
    expect(await told({ numbers: { price: { from: 3, to: 1 } } })).toContain('the smaller end first')
    expect(await told({ allow: ['i1', 'i99x'] })).toContain('filter.allow[1]: unknown: "i99x"')
  })
})

describe('items', () => {
  it('are listed as they are now, and read anew only after one was put', async () => {
    const store = memoryStore()
    await using service = await open({ retrieve: sasrec }, store)
    const best = (await service.recommend({ user: 'u1', top: 3 })).items[0]?.id as string
    expect(await service.item(best)).toMatchObject({ available: true, ranked: true, title: `Item ${best.slice(1)}` })
    const put = { id: best, available: true, title: 'New', fields: { brand: 'own' }, numbers: { price: 77 } }
    expect(await service.putItem(put)).toMatchObject({ ...put, ranked: true, fields: { brand: 'own' } })
    const [first] = (await service.recommend({ user: 'u1', filter: { fields: { brand: ['own'] } } })).items
    expect(first).toMatchObject({ id: best, title: 'New', numbers: { price: 77 } })
    // Another process takes it out of stock.
    await store.putItem({ id: best, available: false })
    const before = store.itemsRead
    const lists = await Promise.all([1, 2, 3].map(() => service.recommend({ user: 'u1', top: 24 })))
    for (const list of lists) expect(ids(list)).not.toContain(best)
    await service.recommend({ user: 'u1' })
    expect(store.itemsRead).toBe(before + 1)
  })

  it('that came since are listed before they are ranked, and their events are taken in', async () => {
    await using service = await open({ retrieve: sasrec })
    const later = { id: 'later', available: true, title: 'Later', fields: { category: 'v1' } }
    expect(await service.putItem(later)).toMatchObject({ ...later, ranked: false, picture: false })
    expect(await service.add([event('u1', 'later')])).toEqual({ stored: 1, repeated: 0 })
    expect((await service.history('u1', 1))[0]).toMatchObject({ id: 'later', title: 'Later' })
    expect((await service.recommend({ user: 'u1', filter: { block: ['later'] } })).events).toMatchObject({ skipped: 1 })
    await expect(service.similar('later', {})).rejects.toThrow('item: unsupported')
    await service.removeItem('later')
    expect(await service.item('later')).toMatchObject({ title: 'Later', available: false })
    await expect(service.removeItem('nothing')).rejects.toThrow('item: unknown: "nothing"')
  })

  it('are refused by name', async () => {
    await using service = await open({ retrieve: sasrec })
    const told = (more: object) =>
      service.putItem({ id: 'i1', available: true, ...more }).catch((error: Error) => error.message)
    expect(await told({ fields: { brnd: 'x' } })).toContain('item.fields: unknown: "brnd"')
    expect(await told({ fields: { brand: 3 } })).toContain('item.fields.brand: invalid: 3')
    expect(await told({ numbers: { price: Number.NaN } })).toContain('item.numbers.price: invalid: NaN')
    expect(await told({ id: '' })).toContain('item.id: empty')
  })

  it('like one are those with the nearest rows', async () => {
    await using service = await open({ retrieve: sasrec })
    const { items } = await service.similar('i5', { top: 24 })
    expect(items).toHaveLength(23)
    expect(ids({ items })).not.toContain('i5')
    const scores = items.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    expect(Math.max(...scores.map(Math.abs))).toBeLessThanOrEqual(1.0001)
    const [nearest] = items
    const back = await service.similar(nearest?.id as string, { top: 23 })
    expect(back.items.find(({ id }) => id === 'i5')?.score).toBeCloseTo(nearest?.score as number, 5)
    const filtered = await service.similar('i5', { filter: { fields: { category: ['v1'] } } })
    expect(new Set(filtered.items.map(({ fields }) => fields['category']))).toEqual(new Set(['v1']))
    await using counted = await open({ retrieve: knn })
    await expect(counted.similar('i5', {})).rejects.toThrow('similar: unsupported: item-knn has no table of items')
  })
})
