/** @file Opens trained runs as a service: what it answers with can be swapped while it answers. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dataset } from '../dataset/schema.ts'
import { Bug, UserError } from '../errors.ts'
import { turns } from '../runtime/runtime.ts'
import type { EventStore, ItemRecord } from '../store/event-store.ts'
import { aboutServing } from './about.ts'
import { type Answering, rankedCandidates, recommended, retrieving, runName, similarItems } from './answering.ts'
import { checkedEvents, checkId, checkLimit, checkRecord } from './incoming.ts'
import { inThread, itemMap, type Layouts } from './item-map.ts'
import { goneRecord, itemNow, itemPicture } from './items.ts'
import { type Leased, leased } from './leases.ts'
import type { Listing } from './listing.ts'
import { newcomersOf, withNewcomers } from './newcomers.ts'
import { otherRuns } from './other-runs.ts'
import { type ExportsRun, privateModels } from './private-models.ts'
import type { ItemMap, RunFolders, Service } from './service.ts'
import { isDatasetOf, openServing, type Serving } from './serving.ts'
import { toldHistory } from './told-histories.ts'
import { warm } from './warming.ts'

/** What {@link openService} opens. */
export interface ServiceOptions extends RunFolders {
  /** The folder of the items' pictures, if not the one that the dataset was prepared with. */
  readonly images?: string
  /** The dataset, already in memory. */
  readonly dataset?: Dataset
  /** Stays the caller's, who disposes of it after the service. */
  readonly store: EventStore
  /** How many items the run that retrieves gives to the one that ranks; 500 by default. */
  readonly candidates?: number
  /** Whether all graphs are compiled before the service is open, or swapped in: the first requests are as quick. */
  readonly warm?: boolean
  /** Whether the run that ranks the catalog finds its best items by an index; false by default. */
  readonly index?: boolean
  /** Is told, before anything is compiled, how many bytes the process will hold once all graphs are. */
  readonly memory?: (bytes: number) => void
  /** Writes a run for browsers; without it no browser ranks by itself. */
  readonly exportsRun?: ExportsRun
  /** Lays maps out; in a thread by default. */
  readonly layouts?: Layouts
  /** Is told in lines what was opened. */
  readonly report?: (line: string) => void
}

/** How long newcomers are gathered before runs are opened anew, in milliseconds. */
const gatheringTime = 1000

/** Runs that are open, on a dataset that may have grown since it was prepared. */
interface Opened {
  readonly folders: RunFolders
  /** As it was prepared. */
  readonly dataset: Dataset
  readonly serving: Leased<Serving>
  /** Newcomers that these runs cannot take in: nobody tries again. */
  readonly unranked: ReadonlySet<string>
}

/**
 * Opens runs as a service.
 * @throws UserError as `openServing`
 */
export async function openService({
  images,
  store,
  candidates = 500,
  warm: warmed = false,
  memory,
  index = false,
  report = () => undefined,
  exportsRun = exportsNothing,
  layouts = inThread,
  ...given
}: ServiceOptions): Promise<Service> {
  const { dataset: prepared, ...first } = given
  const closing = new AbortController()
  const isClosed = (): boolean => closing.signal.aborted
  const reloading = turns()
  const asked = index ? report : undefined
  const parts = { store, images, memory: memory && { candidates, tell: memory }, index: asked, changed: takeIn }
  /** Opens runs on a dataset with newcomers; undefined, said in a line, where a run cannot take them in. */
  const openGrown = async (
    folders: RunFolders,
    dataset: Dataset,
    newcomers: readonly ItemRecord[],
  ): Promise<Serving | undefined> => {
    try {
      const grown = await withNewcomers(dataset, newcomers, report)
      return await openServing({ ...parts, folders, dataset: grown })
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      report(`new items are not ranked: ${error.message}`)
      return undefined
    }
  }
  const open = async (folders: RunFolders, before: Dataset | undefined, served?: Serving): Promise<Opened> => {
    const opened = await openServing({ ...parts, folders, dataset: before })
    const { dataset, known, listings } = opened
    if (served && dataset.catalog.ids.every((id, at) => at === 0 || !served.known.items.has(id))) {
      await opened[Symbol.asyncDispose]()
      throw otherShop(dataset)
    }
    const newcomers = newcomersOf(listings.last, known.items)
    const grown = newcomers.length > 0 ? await openGrown(folders, dataset, newcomers) : undefined
    if (grown) await opened[Symbol.asyncDispose]()
    const serving = grown ?? opened
    if (warmed) await warm(serving.stages, candidates)
    const { retrieve, rank } = serving.stages
    const runs = [retrieve?.run, rank?.run].filter((run) => run !== undefined)
    const models = runs.map((run) => `${runName(run)} (${run.run.model})`)
    report(`serving ${models.join(', then ')} on ${dataset.manifest.name}; events: ${store.name}`)
    for (const run of runs) if (run.later) report(`${runName(run)}: ${run.later.text}`)
    return { folders, dataset, serving: leased(serving), unranked: grown ? new Set() : idsOf(newcomers) }
  }
  let current = await open(first, prepared)
  const others = otherRuns((folder) =>
    openServing({ store, images, folders: { retrieve: folder }, dataset: current.dataset }),
  )
  const maps = new WeakMap<Serving, Promise<ItemMap>>()
  const exports = privateModels(exportsRun)
  /** What still answers with runs that were swapped out. */
  const leaving = new Set<Promise<void>>()
  const forgotten = new Set(await store.forgotten())
  const use = <Result>(work: (serving: Serving) => Promise<Result>): Promise<Result> => {
    if (isClosed()) return Promise.reject(new Bug('the service is closed'))
    return current.serving.use(work)
  }
  const answer = <Result>(work: (answering: Answering) => Promise<Result>): Promise<Result> =>
    use((serving) => work({ serving, store, candidates }))
  const about = (): ReturnType<Service['about']> => aboutServing(current.serving.value, store.name)
  /** Answers with other runs from now on; those before answer what they began with, and are closed. */
  const swap = async (opened: Opened): Promise<void> => {
    if (isClosed()) {
      await opened.serving.retire()
      throw new Bug('the service is closed')
    }
    const before = current.serving
    current = opened
    void others.clear().catch((error: unknown) => report(`runs beside could not be closed: ${String(error)}`))
    const left = before
      .retire()
      .catch((error: unknown) => report(`the runs before could not be closed: ${String(error)}`))
      .finally(() => leaving.delete(left))
    leaving.add(left)
    // What was put while they were opened, nobody may tell of again.
    takeIn(opened.serving.value.listings.last)
  }
  const untaken = (listing: Listing): readonly ItemRecord[] =>
    newcomersOf(listing, current.serving.value.known.items).filter(({ id }) => !current.unranked.has(id))
  let gathering = false
  /** Takes newcomers in, together with those that come in the next second. */
  function takeIn(listing: Listing): void {
    if (isClosed() || gathering || untaken(listing).length === 0) return
    gathering = true
    reloading(async () => {
      await sleep(gatheringTime, undefined, { ref: false, signal: closing.signal })
      gathering = false
      const now = await current.serving.value.listings.current()
      const { length: count } = untaken(now)
      if (isClosed() || count === 0) return
      const { folders, dataset } = current
      // All of them anew: those taken in before are not in the dataset as it was prepared.
      const all = newcomersOf(now, new Set(dataset.catalog.ids))
      const grown = await openGrown(folders, dataset, all)
      if (!grown) {
        current = { ...current, unranked: idsOf(all) }
        return
      }
      if (warmed) await warm(grown.stages, candidates)
      await swap({ ...current, serving: leased(grown) })
      report(count === 1 ? 'a new item is ranked from now on' : `${count} new items are ranked from now on`)
    }).catch((error: unknown) => {
      gathering = false
      if (!isClosed()) report(`new items could not be taken in: ${String(error)}`)
    })
  }
  return {
    about,
    users(prefix, limit) {
      checkLimit('limit', limit)
      const { known, dataset } = current.serving.value
      const found: string[] = []
      for (const user of known.busiest()) {
        if (found.length === limit) break
        const id = dataset.userIds[user] as string
        if (id.startsWith(prefix) && !forgotten.has(id)) found.push(id)
      }
      return found
    },
    history: (user, limit) =>
      use(async (serving) => {
        const told = await toldHistory(serving, store, user, limit)
        // Another process may have forgotten them.
        if (told.forgotten) forgotten.add(user)
        return told.events
      }),
    add: (events) =>
      use(async ({ known, listings, dataset }) => {
        const listing = await listings.current()
        const timed = dataset.manifest.time === 'milliseconds'
        return store.append(checkedEvents(events, { known, listing, timed }))
      }),
    recommend: (request) => answer((answering) => recommended(answering, request)),
    recommendBy(folder, request) {
      const by = async (serving: Serving) => ({
        ...(await recommended({ serving, store, candidates }, request)),
        modalities: ['id', ...serving.modalities] as const,
      })
      const { retrieve } = current.folders
      const isServed = retrieve !== undefined && resolve(retrieve) === resolve(folder)
      return use((serving) => (isServed ? by(serving) : others.use(folder, by)))
    },
    rank: (request) => answer((answering) => rankedCandidates(answering, request)),
    similar: (item, request) => answer((answering) => similarItems(answering, item, request)),
    item: (id) => use(async (serving) => itemNow(serving, await serving.listings.current(), id)),
    putItem: (record) =>
      use(async (serving) => {
        checkRecord(record, serving.listings.last)
        await store.putItem(record)
        return itemNow(serving, await serving.listings.current(), record.id)
      }),
    removeItem: (id) =>
      use(async (serving) => {
        const listing = await serving.listings.current()
        itemNow(serving, listing, id)
        await store.putItem(goneRecord(listing, id))
      }),
    map: () =>
      use((serving) => {
        const made = maps.get(serving) ?? itemMap(serving, retrieving(serving.stages).run, layouts)
        maps.set(serving, made)
        made.catch(() => maps.delete(serving))
        return made
      }),
    privateModel: () =>
      use(async (serving) => {
        const run = retrieving(serving.stages)
        const listing = await serving.listings.current()
        const unavailable = listing.catalog.ids.filter((_, item) => item > 0 && listing.available[item] !== 1)
        return { run: runName(run.run), unavailable, ...(await exports.of(run.run)) }
      }),
    picture: (id) => itemPicture(current.serving.value, id),
    forget: (user) =>
      use(async () => {
        checkId('user', user)
        const removed = await store.forget(user)
        forgotten.add(user)
        return { removed }
      }),
    reload: (runs = {}) =>
      reloading(async () => {
        const { folders, dataset } = current
        const next = nextFolders(folders, runs)
        await swap(await open(next, isDatasetOf(next, dataset) ? dataset : undefined, current.serving.value))
        return about()
      }),
    ready: () => use(() => store.ping()),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await Promise.all([...leaving, current.serving.retire(), others[Symbol.asyncDispose]()])
      exports[Symbol.dispose]()
    },
  }
}

/** A slip of the name: the service would answer with another shop's items, and read no event that it has stored. */
function otherShop({ manifest }: Dataset): UserError {
  const [value, expected] = ['none of its items is served now', 'a run of the same shop']
  const hint = 'another shop has a service of its own'
  return new UserError({ where: `dataset ${manifest.name}`, problem: 'mismatched', value, expected, hint })
}

/** The same runs anew, or others; where other runs' dataset lies is theirs to say. */
function nextFolders({ data, ...before }: RunFolders, runs: RunFolders): RunFolders {
  const isSame = runs.retrieve === undefined && runs.rank === undefined
  return { ...before, ...(isSame && data !== undefined && { data }), ...runs }
}

const exportsNothing: ExportsRun = async ({ folder }) => {
  throw new UserError({ where: folder, problem: 'unsupported', value: 'a service that exports nothing' })
}

const idsOf = (items: readonly ItemRecord[]): ReadonlySet<string> => new Set(items.map(({ id }) => id))
