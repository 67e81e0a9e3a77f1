/** @file Opens trained runs as a service: what it answers with can be swapped while it answers. */
import type { Dataset } from '../dataset/schema.ts'
import { Bug } from '../errors.ts'
import { turns } from '../runtime/runtime.ts'
import type { EventStore } from '../store/event-store.ts'
import { aboutServing } from './about.ts'
import { type Answering, rankedCandidates, recommended, similarItems } from './answering.ts'
import { checkedEvents, checkId, checkLimit, checkRecord } from './incoming.ts'
import { goneRecord, itemNow, itemPicture } from './items.ts'
import { type Leased, leased } from './leases.ts'
import type { RunFolders, Service } from './service.ts'
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
  /** Is told in lines what was opened. */
  readonly report?: (line: string) => void
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
  report = () => undefined,
  ...given
}: ServiceOptions): Promise<Service> {
  const { dataset: prepared, ...first } = given
  let folders: RunFolders = first
  const open = async (next: RunFolders, dataset: Dataset | undefined): Promise<Leased<Serving>> => {
    const serving = await openServing({ folders: next, store, images, dataset })
    if (warmed) await warm(serving.stages, candidates)
    const { retrieve, rank, dataset: name } = aboutServing(serving, store.name)
    const models = [retrieve, rank].flatMap((run) => (run ? [`${run.name} (${run.model})`] : []))
    report(`serving ${models.join(', then ')} on ${name}; events: ${store.name}`)
    return leased(serving)
  }
  let current = await open(folders, prepared)
  let closed = false
  const reloading = turns()
  /** What still answers with runs that were swapped out. */
  const leaving = new Set<Promise<void>>()
  const forgotten = new Set(await store.forgotten())
  const use = <Result>(work: (serving: Serving) => Promise<Result>): Promise<Result> => {
    if (closed) return Promise.reject(new Bug('the service is closed'))
    return current.use(work)
  }
  const answer = <Result>(work: (answering: Answering) => Promise<Result>): Promise<Result> =>
    use((serving) => work({ serving, store, candidates }))
  const about = (): ReturnType<Service['about']> => aboutServing(current.value, store.name)
  return {
    about,
    users(prefix, limit) {
      checkLimit('limit', limit)
      const { known, dataset } = current.value
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
    picture: (id) => itemPicture(current.value, id),
    forget: (user) =>
      use(async () => {
        checkId('user', user)
        const removed = await store.forget(user)
        forgotten.add(user)
        return { removed }
      }),
    reload: (runs = {}) =>
      reloading(async () => {
        const next = nextFolders(folders, runs)
        const before = current
        const { dataset } = before.value
        const opened = await open(next, isDatasetOf(next, dataset) ? dataset : undefined)
        if (closed) {
          await opened.retire()
          throw new Bug('the service is closed')
        }
        current = opened
        folders = next
        const left = before
          .retire()
          .catch((error: unknown) => report(`the runs before could not be closed: ${String(error)}`))
          .finally(() => leaving.delete(left))
        leaving.add(left)
        return about()
      }),
    ready: () => use(() => store.ping()),
    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.all([...leaving, current.retire()])
    },
  }
}

/** The same runs anew, or others; where other runs' dataset lies is theirs to say. */
function nextFolders({ data, ...before }: RunFolders, runs: RunFolders): RunFolders {
  const isSame = runs.retrieve === undefined && runs.rank === undefined
  return { ...before, ...(isSame && data !== undefined && { data }), ...runs }
}
