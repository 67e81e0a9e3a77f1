import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type MemoryStore, memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { idsOf as ids, shopDataset, trainServed } from '../../test/fixtures/served-shop.ts'
import { loadDataset } from '../dataset/load.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { recommend } from '../rank/recommend.ts'
import { openRun } from '../runs/open-run.ts'
import { openService, type ServiceOptions } from './open-service.ts'
import type { Recommended, RecommendRequest, Service } from './service.ts'

const dataset = shopDataset()
const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const sasrec = await trainServed(folder.path, 'sasrec', dataset)
const other = await trainServed(folder.path, 'sasrec', dataset, { seed: 2, name: 'other' })
const m3bsr = await trainServed(folder.path, 'm3bsr', dataset)
const din = await trainServed(folder.path, 'din', dataset)
const knn = await trainServed(folder.path, 'item-knn', dataset)

const open = (options: Partial<ServiceOptions>, store: MemoryStore = memoryStore()): Promise<Service> =>
  openService({ dataset, store, ...options })
const { catalog, userIds } = dataset
const users = userIds.slice(1)

describe('a list', () => {
  it('is that of the run itself for whoever has prepared events alone', async () => {
    await using service = await open({ retrieve: m3bsr })
    await using run = await openRun(m3bsr, { dataset })
    const answer = await service.recommend({ user: 'u3', top: 5, explain: true })
    const { items } = await recommend(run, 'u3', { top: 5 })
    const close = (share: number) => expect.closeTo(share, 4)
    expect(answer.items.map(({ id, title, score }) => ({ id, title, score }))).toEqual(
      items.map(({ id, title, score }) => ({ id, title, score: close(score) })),
    )
    expect(answer.items[0]?.because?.map(({ id }) => id)).toEqual(items[0]?.because?.map(({ id }) => id))
    expect(answer.items[0]?.modalities).toEqual(
      Object.fromEntries(Object.entries(items[0]?.modalities ?? {}).map(([name, share]) => [name, close(share)])),
    )
    expect(answer).toMatchObject({ run: 'm3bsr', events: { read: 8, fresh: 0 } })
    expect(answer.items[0]).toMatchObject({ picture: false, fields: { brand: expect.any(String) } })
    expect(answer.stages?.map(({ stage }) => stage)).toEqual([
      'catalog',
      'available',
      'filtered',
      'allowed',
      'retrieved',
    ])
  })

  it('goes on where the one before it ended', async () => {
    await using service = await open({ retrieve: sasrec })
    const all = ids(await service.recommend({ user: 'u1', top: 8 }))
    const parts = [
      await service.recommend({ user: 'u1', top: 3 }),
      await service.recommend({ user: 'u1', top: 5, offset: 3 }),
    ]
    expect(parts.flatMap(ids)).toEqual(all)
    expect(all).toHaveLength(8)
  })

  it('is the same for a hundred who ask at once as for one after the other', async () => {
    await using service = await open({ retrieve: sasrec })
    const requests = Array.from(
      { length: 100 },
      (_, at): RecommendRequest => ({
        user: users[at % users.length] as string,
        top: 1 + (at % 7),
      }),
    )
    const together = await Promise.all(requests.map((request) => service.recommend(request)))
    for (const [at, request] of requests.entries()) {
      const alone = await service.recommend(request)
      expect(ids(together[at] as Recommended)).toEqual(ids(alone))
      for (const [place, { score }] of alone.items.entries())
        expect(together[at]?.items[place]?.score).toBeCloseTo(score, 4)
    }
  })

  it('refuses what nobody can mean', async () => {
    await using service = await open({ retrieve: sasrec })
    const told = (request: RecommendRequest) => service.recommend(request).catch((error: Error) => error.message)
    expect(await told({})).toBe('user: missing: a user, expected a user or a history')
    expect(await told({ user: 'u1', history: [] })).toContain('history: invalid')
    expect(await told({ user: '' })).toBe('user: empty: the id')
    expect(await told({ user: 'u1', top: 0 })).toBe('top: invalid: 0, expected a whole number from 1 to 1000')
    expect(await told({ user: 'u1', top: 1001 })).toContain('top: invalid')
    expect(await told({ user: 'u1', offset: -1 })).toContain('offset: invalid')
    expect(await told({ user: 'u1', exclude: 'all' as never })).toContain('exclude: unknown')
    expect(await told({ history: [{ item: 'i3' }, { item: 'x33' }] })).toContain('history[1].item: unknown: "x33"')
    expect(await told({ history: [{ item: 'i3', behavior: 'clik' }] })).toContain('did you mean "click"')
    expect(await told({ history: [{ item: 'i3', time: Number.NaN }] })).toContain('history[0].time: invalid: NaN')
    expect(await told({ history: [{ item: 'i3' }, { item: 'i4', time: 1 }] })).toContain('history[0]: missing: time')
  })
})

describe('somebody without events', () => {
  it('gets popular items of different kinds', async () => {
    await using service = await open({ retrieve: m3bsr })
    const { items, fallback, events } = await service.recommend({ user: 'nobody', top: 8 })
    expect({ fallback, events }).toEqual({ fallback: 'popular', events: { read: 0, fresh: 0 } })
    const kinds = items.map(({ fields }) => fields['category'])
    expect(new Set(kinds.slice(0, 3)).size).toBe(3)
    expect(await service.recommend({ history: [], top: 8 })).toEqual({ items, fallback, events, run: 'm3bsr' })
    const filtered = await service.recommend({ user: 'nobody', filter: { fields: { category: ['v2'] } } })
    expect(filtered.items.every(({ fields }) => fields['category'] === 'v2')).toBe(true)
    expect(filtered.items).toHaveLength(6)
  })

  it('is whoever has none that the model may see', async () => {
    await using service = await open({ retrieve: m3bsr })
    const without = await service.recommend({ user: 'u2', without: { behaviors: ['click', 'favorite'] } })
    expect(without.fallback).toBe('popular')
    const clicks = await service.recommend({ user: 'u2', without: { behaviors: ['favorite'] } })
    expect(clicks.events.read).toBe(5)
    await expect(service.recommend({ user: 'u2', without: { behaviors: ['buy'] } })).rejects.toThrow(
      'without.behaviors[0]: unknown: "buy"',
    )
  })

  it('is answered by a model that knows something of users, where it is one of the dataset', async () => {
    const cmclrec = await trainServed(folder.path, 'cmclrec', dataset)
    await using service = await open({ retrieve: cmclrec })
    const without = { behaviors: ['click', 'favorite'] }
    const known = await service.recommend({ user: 'u2', without })
    expect(known).toMatchObject({ events: { read: 0, fresh: 0 }, run: 'cmclrec' })
    expect(known.fallback).toBeUndefined()
    for (const request of [{ user: 'nobody' }, { history: [] }])
      expect((await service.recommend(request)).fallback).toBe('popular')
  })
})

describe('two stages', () => {
  it('order what the first retrieved by how probable a click is', async () => {
    await using service = await open({ retrieve: sasrec, rank: din, candidates: 6 })
    const one = await open({ retrieve: sasrec })
    await using _ = one
    const answer = await service.recommend({ user: 'u4', top: 4, explain: true })
    const retrieved = ids(await one.recommend({ user: 'u4', top: 6 }))
    const ordered = await service.rank({ user: 'u4', items: retrieved })
    expect(ids(answer)).toEqual(ids(ordered).slice(0, 4))
    const probable = ordered.items.map(({ probability = 0 }) => probability)
    expect(probable).toEqual(probable.toSorted((a, b) => b - a))
    expect(answer.stages?.slice(-2)).toEqual([
      { stage: 'retrieved', left: 6 },
      { stage: 'ordered', left: 6 },
    ])
    expect(answer.items[0]?.because?.length).toBeGreaterThan(0)
    expect(answer.items[0]?.because?.[0]?.share).toBeLessThanOrEqual(1)
    const rest = await service.recommend({ user: 'u4', top: 4, offset: 4 })
    expect([...ids(answer), ...ids(rest)]).toHaveLength(8)
    expect(service.about()).toMatchObject({ retrieve: { model: 'sasrec' }, rank: { model: 'din', name: 'din' } })
  })

  it('work one without the other', async () => {
    await using clicks = await open({ rank: din })
    expect(ids(await clicks.rank({ user: 'new', items: ['i1', 'i2', 'i1'] })).toSorted()).toEqual(['i1', 'i2'])
    await expect(clicks.rank({ user: 'new', items: ['i1', 'j2'] })).rejects.toThrow('items[1]: unknown: "j2"')
    await expect(clicks.recommend({ user: 'u1' })).rejects.toThrow('recommend: unsupported: din predicts clicks')
    await expect(clicks.similar('i1', {})).rejects.toThrow('unsupported')
    await using ranks = await open({ retrieve: knn })
    await expect(ranks.rank({ user: 'u1', items: ['i1'] })).rejects.toThrow('rank: unsupported: item-knn ranks')
    expect((await ranks.recommend({ user: 'u1' })).items.length).toBeGreaterThan(0)
  })

  it('are refused where a run cannot do its part', async () => {
    await expect(open({})).rejects.toThrow('service: missing: a run')
    await expect(open({ retrieve: din })).rejects.toThrow('unsupported: din predicts clicks')
    await expect(open({ rank: sasrec })).rejects.toThrow('unsupported: sasrec ranks the next item')
    const later = { ...dataset, hash: '1'.repeat(64) }
    const foreign = await trainServed(folder.path, 'item-knn', later, { name: 'later' })
    await expect(open({ retrieve: foreign, rank: din, dataset: later })).rejects.toThrow('mismatched')
  })
})

describe('a modality', () => {
  it('can be hidden from the model', async () => {
    await using service = await open({ retrieve: m3bsr })
    expect(service.about().modalities).toEqual(['id', 'image', 'text'])
    const scores = async (without: RecommendRequest['without']): Promise<number[]> =>
      (await service.recommend({ user: 'u1', top: 5, ...(without && { without }) })).items.map(({ score }) => score)
    const [whole, blind] = [await scores({}), await scores({ modalities: ['image'] })]
    expect(blind).not.toEqual(whole)
    expect(await scores({ modalities: ['image'] })).toEqual(blind)
    expect(await scores({ modalities: ['image', 'text'] })).not.toEqual(blind)
    expect(await scores({ modalities: [] })).toEqual(whole)
    await using ofIds = await open({ retrieve: sasrec })
    expect(ofIds.about().modalities).toEqual(['id'])
    await expect(ofIds.recommend({ user: 'u1', without: { modalities: ['image'] } })).rejects.toThrow(
      'without.modalities[0]: unsupported: image',
    )
  })
})

describe('a reload', () => {
  it('swaps runs while they answer, without a request that fails', async () => {
    await using service = await open({ retrieve: sasrec })
    const scoreOf = async (): Promise<number> =>
      (await service.recommend({ user: 'u5', top: 1 })).items[0]?.score as number
    const [before, answers] = [await scoreOf(), [] as Promise<number>[]]
    const swapped = new AbortController()
    const asking = (async () => {
      while (!swapped.signal.aborted) {
        for (let at = 0; at < 20; at++) answers.push(scoreOf())
        await new Promise((resume) => setTimeout(resume, 1))
      }
    })()
    expect((await service.reload({ retrieve: other })).retrieve?.name).toBe('other')
    swapped.abort()
    await asking
    const after = await scoreOf()
    expect(after).not.toBeCloseTo(before, 6)
    const found = await Promise.all(answers)
    expect(found.every((score) => Math.abs(score - before) < 1e-4 || Math.abs(score - after) < 1e-4)).toBe(true)
    expect((await service.reload()).retrieve?.name).toBe('other')
  })

  it('that fails leaves the runs as they were', async () => {
    await using service = await open({ retrieve: sasrec, data: 'elsewhere' })
    const before = await service.recommend({ user: 'u5' })
    await expect(service.reload({ retrieve: `${folder.path}/nowhere` })).rejects.toThrow('missing')
    await expect(service.reload({ rank: sasrec })).rejects.toThrow('unsupported')
    // Another run's dataset is where that run says, not where the one before had it.
    const later = await trainServed(
      folder.path,
      'item-knn',
      { ...dataset, hash: '2'.repeat(64), folder: 'later' },
      { name: 'of later' },
    )
    await expect(service.reload({ retrieve: later })).rejects.toThrow('later: missing')
    await expect(service.reload({ retrieve: later, data: 'moved' })).rejects.toThrow('moved: missing')
    expect(await service.recommend({ user: 'u5' })).toEqual(before)
    expect(service.about().rank).toBeUndefined()
  })
})

describe('a service', () => {
  const warmed = { lists: [m3bsr, false], reasons: [sasrec, true] } as const
  it.each(Object.entries(warmed))('compiles nothing for %s where it was warmed', async (_, [retrieve, explain]) => {
    await using service = await open({ retrieve, rank: din, candidates: 16, warm: true })
    const compile = vi.spyOn(InferenceSession, 'create')
    const some = users.slice(0, 9).map((user) => service.recommend({ user, top: 3, explain }))
    await Promise.all([...some, service.recommend({ history: [{ item: 'i1' }] })])
    expect(compile).not.toHaveBeenCalled()
    compile.mockRestore()
  })

  it('tells the memory it will take before it compiles anything, once for all its runs', async () => {
    const compile = vi.spyOn(InferenceSession, 'create')
    const toldOf = async (runs: Partial<ServiceOptions>): Promise<number> => {
      const [told, compiled]: [number[], number[]] = [[], []]
      const before = compile.mock.calls.length
      const memory = (bytes: number): void => {
        compiled.push(compile.mock.calls.length - before)
        told.push(bytes - process.memoryUsage.rss())
      }
      await using _ = await open({ ...runs, memory })
      // The tables that rank are computed as a run is opened.
      expect(compiled.every((graphs) => graphs <= 1)).toBe(true)
      expect(told).toHaveLength(1)
      return told[0] as number
    }
    const [one, many, both] = [
      await toldOf({ retrieve: knn }),
      await toldOf({ retrieve: sasrec }),
      await toldOf({ retrieve: sasrec, rank: din }),
    ]
    compile.mockRestore()
    // What a run has beside its graphs is the library of the runtime, 30 MB; what the process holds changes meanwhile.
    expect(many).toBeGreaterThan(one + 20e6)
    expect(both).toBeGreaterThan(many + 20e6)
  })

  it('keeps no core busy that has nothing to compute', async () => {
    const compile = vi.spyOn(InferenceSession, 'create')
    await using _ = await open({ retrieve: sasrec, rank: din })
    const all = compile.mock.calls.map((call) => (call as unknown[]).at(1))
    compile.mockRestore()
    const still = expect.objectContaining({ session: { intra_op: { allow_spinning: '0' } } })
    expect(all.length).toBeGreaterThan(0)
    for (const options of all) expect(options).toMatchObject({ extra: still })
  })

  it('says what it serves', async () => {
    const lines: string[] = []
    await using service = await open({ retrieve: sasrec, report: (line) => lines.push(line) })
    expect(lines).toEqual(['serving sasrec (sasrec) on tiny; events: memory'])
    expect(service.about()).toMatchObject({
      dataset: 'tiny',
      items: catalog.ids.length - 1,
      users: users.length,
      target: 'favorite',
      fields: { category: ['v2', 'v3', 'v4', 'v1'], brand: ['v1', 'v2', 'v3'] },
      numbers: ['price', 'weight'],
      pictures: false,
      store: 'memory',
      retrieve: { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), trained: expect.any(Number) },
    })
    expect(service.users('u1', 3)).toEqual(['u1', 'u10', 'u11'])
    expect(() => service.users('', 0)).toThrow('limit: invalid: 0')
    expect(service.picture('i1')).toBeUndefined()
  })

  it('finds its dataset and pictures on disk', async () => {
    using place = temporaryFolder()
    const items = ['a', 'b', 'c', 'd', 'e']
    const rows = [1, 2, 3, 4].flatMap((user) =>
      items.slice(0, 4).map((item, at) => `u${user},${item},click,${1_700_000_000 + 100 * at + user}`),
    )
    place.write({
      'events.csv': `user,item,behavior,timestamp\n${rows.join('\n')}\nu5,e,click,1700000000\n`,
      'items.csv': `id,title\n${items.map((id) => `${id},Item ${id}`).join('\n')}\n`,
      'pictures/e.png': 'no real picture',
    })
    const at = (name: string): string => join(place.path, name)
    const mapping = { filters: { minimumEventsPerUser: 0 }, items: { image: '{id}.png' } }
    const files = { events: at('events.csv'), items: at('items.csv'), images: at('pictures') }
    await prepareDataset({ ...files, out: at('data'), mapping })
    const retrieve = await trainServed(place.path, 'item-knn', await loadDataset(at('data')))
    await using service = await openService({ retrieve, store: memoryStore() })
    const { items: listed } = await service.recommend({ user: 'u1' })
    expect(listed.map(({ id, title, picture }) => [id, title, picture])).toEqual([['e', 'Item e', true]])
    expect(service.picture('e')).toBe(resolve(at('pictures'), 'e.png'))
    expect(service.about()).toMatchObject({ dataset: 'data', pictures: true, modalities: ['id'] })
    expect((await service.reload()).pictures).toBe(true)
  })

  it('tells that the store is away, and goes on when it is back', async () => {
    const store = memoryStore()
    await using service = await open({ retrieve: sasrec }, store)
    store.away = true
    await expect(service.recommend({ user: 'u1' })).rejects.toMatchObject({ name: 'StoreUnavailable' })
    await expect(service.ready()).rejects.toMatchObject({ name: 'StoreUnavailable' })
    store.away = false
    await service.ready()
    expect((await service.recommend({ user: 'u1' })).items).toHaveLength(10)
  })
})

describe('an item that came since', () => {
  it('is ranked a second later, by every process and after a reload, unless a run cannot grow', async () => {
    const store = memoryStore()
    await using service = await open({ retrieve: sasrec }, store)
    await using another = await open({ retrieve: sasrec }, store)
    const late = { id: 'late', available: true, title: 'A late one' }
    expect(await service.putItem(late)).toMatchObject({ ranked: false })
    const isRanked = async (one: Service): Promise<void> => expect((await one.item('late')).ranked).toBe(true)
    for (const one of [service, another]) await vi.waitFor(() => isRanked(one), { timeout: 10_000, interval: 200 })
    const asked: RecommendRequest = { user: 'u1', filter: { allow: ['late'] } }
    expect((await service.recommend(asked)).items).toMatchObject([{ id: 'late', title: 'A late one' }])
    await service.reload()
    expect(ids(await service.recommend(asked))).toEqual(['late'])
    await service.removeItem('late')
    expect(ids(await service.recommend(asked))).toEqual([])
  })

  it('is ranked after a reload to a run that can grow', async () => {
    const store = memoryStore()
    await store.putItem({ id: 'late', available: true })
    const early = await trainServed(folder.path, 'sasrec', dataset, { name: 'early' })
    // As runs of earlier versions are.
    rmSync(join(early, 'known.json'))
    const lines: string[] = []
    await using service = await open({ retrieve: early, report: (line) => lines.push(line) }, store)
    expect(lines.join()).toContain('new items are not ranked: ')
    expect((await service.item('late')).ranked).toBe(false)
    await service.reload({ retrieve: sasrec })
    expect((await service.item('late')).ranked).toBe(true)
  })

  it('is ranked where it comes while runs are opened for another', async () => {
    const store = memoryStore()
    let calls = Number.POSITIVE_INFINITY
    const itemsVersion = async (): Promise<number> => {
      // The second call from now on is that of the runs that are opened.
      if (--calls === 0) await store.putItem({ id: 'later', available: true })
      return store.itemsVersion()
    }
    const lines: string[] = []
    const report = (line: string): number => lines.push(line)
    await using service = await openService({ retrieve: sasrec, dataset, report, store: { ...store, itemsVersion } })
    await service.putItem({ id: 'late', available: true })
    calls = 2
    const told = 'a new item is ranked from now on'
    const taken = (): string[] => lines.filter((line) => line === told)
    await vi.waitFor(() => expect(taken()).toHaveLength(2), { timeout: 10_000 })
    expect((await service.item('later')).ranked).toBe(true)
  })

  it('holds up nobody who closes the service', async () => {
    const service = await open({ retrieve: sasrec })
    await service.putItem({ id: 'late', available: true })
    const started = performance.now()
    await service[Symbol.asyncDispose]()
    expect(performance.now() - started).toBeLessThan(500)
  })
})
