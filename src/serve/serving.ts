/** @file Runs that are open and serve: what stays the same from one reload to the next. */
import { type Pictures, readPictures } from '../dataset/pictures.ts'
import { usualIdleMinutes } from '../dataset/questions.ts'
import type { Dataset, FeatureModality, History } from '../dataset/schema.ts'
import { withoutVectors } from '../dataset/without-vectors.ts'
import { UserError, unknownName } from '../errors.ts'
import type { ItemTable } from '../models/contract/scorer.ts'
import { popularScores } from '../rank/empty-histories.ts'
import { batchSizes, mostAtOnce } from '../rank/pass-sizes.ts'
import { rowLengths } from '../rank/similar.ts'
import { type OpenRun, openRun } from '../runs/open-run.ts'
import { readRun } from '../runs/run-file.ts'
import type { MemoryListener } from '../runs/task.ts'
import type { EventStore } from '../store/event-store.ts'
import { historyKey, keptBytes, keptNumbers } from './kept-numbers.ts'
import { type KnownIds, knownIds } from './known-ids.ts'
import { type Listing, type Listings, openListings } from './listing.ts'
import { type PopularItems, popularItems } from './popular-items.ts'
import { type ScoreQueue, scoreQueue } from './score-queue.ts'
import type { RunFolders } from './service.ts'
import { type HistoryRules, wholeHistory } from './user-histories.ts'

/** A run that ranks the catalog. */
export interface Retrieving {
  readonly run: OpenRun
  readonly rules: HistoryRules
  readonly queue: ScoreQueue
  readonly popular: PopularItems
  /** The table that ranks, with the lengths of its rows; undefined for a model without one. */
  table(): Promise<(ItemTable & { readonly lengths: Float32Array }) | undefined>
}

/** A run that orders candidates. */
export interface Ordering {
  readonly run: OpenRun
  readonly rules: HistoryRules
  /** How probable clicks on candidates are after a history, [candidates]; kept. */
  readonly probabilities: (history: History, candidates: Int32Array) => Promise<Float32Array>
}

/** The runs that answer a request. */
export interface Stages {
  readonly retrieve?: Retrieving
  readonly rank?: Ordering
}

/** Open runs of one dataset, and what is known of its users and items. */
export interface Serving extends AsyncDisposable {
  readonly stages: Stages
  /** As it was prepared. */
  readonly dataset: Dataset
  readonly known: KnownIds
  readonly listings: Listings
  readonly pictures: Pictures
  /** Modalities whose vectors a run reads. */
  readonly modalities: readonly FeatureModality[]
  /**
   * The same runs, with items that have no vectors of some modalities; opened when they are first asked for.
   * @throws UserError `unsupported` where no run reads such vectors
   */
  without(modalities: readonly FeatureModality[]): Promise<Stages>
}

/** Is told what the process will hold once every graph is compiled. */
export interface ServingMemory {
  /** How many items are put in order for one request. */
  readonly candidates: number
  readonly tell: (bytes: number) => void
}

/** What {@link openServing} needs. */
export interface ServingParts {
  readonly folders: RunFolders
  readonly store: EventStore
  /** The folder of pictures, if not where the dataset was prepared from. */
  readonly images?: string | undefined
  /** The dataset, where it is in memory already. */
  readonly dataset?: Dataset | undefined
  readonly memory?: ServingMemory | undefined
  /** Asks for an index of the run that ranks the catalog, and is told of it in lines. */
  readonly index?: ((line: string) => void) | undefined
  /** Is told when something else was said of items. */
  readonly changed?: (listing: Listing) => void
}

/**
 * Opens runs, and asks each once as a probe.
 * @throws UserError as `openRun`, `missing` without a run, `unsupported` for a run that does not do what it is to do,
 * `mismatched` for runs of two datasets, `corrupted` for a run whose scores are no numbers
 */
export async function openServing({
  folders,
  store,
  images,
  dataset: before,
  memory,
  index,
  changed,
}: ServingParts): Promise<Serving> {
  const [first] = [folders.retrieve, folders.rank].filter((folder) => folder !== undefined)
  if (first === undefined) {
    const hint = 'name one that ranks the catalog, one that predicts clicks, or both'
    throw new UserError({ where: 'service', problem: 'missing', value: 'a run', expected: 'a trained run', hint })
  }
  refuseTwoDatasets(folders)
  const stages = await openStages(folders, before, { memory, index })
  try {
    const { run } = (stages.retrieve ?? stages.rank) as Ordering
    const { prepared: dataset } = run
    const known = knownIds(dataset)
    await probe(stages, known)
    const { features } = dataset
    const modalities = (Object.keys(features) as FeatureModality[]).filter((modality) => reads(stages, modality))
    const variants = new Map<string, Promise<Stages>>()
    return {
      stages,
      dataset,
      known,
      listings: await openListings(dataset.catalog, known, store, changed),
      pictures: await readPictures(dataset, images),
      modalities,
      async without(wanted) {
        for (const [at, modality] of wanted.entries()) {
          if (modalities.includes(modality)) continue
          throw unreadModality(`without.modalities[${at}]`, modality, modalities)
        }
        if (wanted.length === 0) return stages
        // There are few: a dataset has two modalities with vectors at most.
        const key = modalities.filter((modality) => wanted.includes(modality)).join(' ')
        const variant = variants.get(key) ?? openStages(folders, withoutVectors(dataset, wanted))
        variants.set(key, variant)
        variant.catch(() => variants.delete(key))
        return variant
      },
      async [Symbol.asyncDispose]() {
        await closeStages(stages)
        for (const variant of await Promise.allSettled(variants.values()))
          if (variant.status === 'fulfilled') await closeStages(variant.value)
      },
    }
  } catch (error) {
    await closeStages(stages)
    throw error
  }
}

/** Whether runs are to be opened on the dataset that they were trained on, and this is it. */
export function isDatasetOf({ retrieve, rank, data }: RunFolders, { hash }: Dataset): boolean {
  const folders = [retrieve, rank].filter((folder) => folder !== undefined)
  return data === undefined && folders.every((folder) => readRun(folder).dataset.hash === hash)
}

/** @throws UserError `mismatched` before a second dataset is loaded in vain */
function refuseTwoDatasets({ retrieve, rank, data }: RunFolders): void {
  if (retrieve === undefined || rank === undefined || data !== undefined) return
  const [ours, theirs] = [readRun(retrieve).dataset, readRun(rank).dataset]
  if (ours.hash === theirs.hash) return
  throw new UserError({
    where: rank,
    problem: 'mismatched',
    value: `a run of ${theirs.name}, ${theirs.hash.slice(0, 12)}`,
    expected: `the dataset of ${retrieve}, ${ours.name}, ${ours.hash.slice(0, 12)}`,
    hint: 'train both on one dataset',
  })
}

async function openStages(
  { retrieve, rank, data }: RunFolders,
  dataset: Dataset | undefined,
  { memory, index }: Pick<ServingParts, 'memory' | 'index'> = {},
): Promise<Stages> {
  const summed = memory && summedMemory(memory)
  const where = { ...(data !== undefined && { data }), memory: summed?.ofEach }
  const retrieving =
    retrieve === undefined ? undefined : await opened(retrieve, { ...where, dataset, index }, retrievingOf)
  try {
    // Loaded once for both.
    const known = retrieving ? retrieving.run.prepared : dataset
    const ordering = rank === undefined ? undefined : await opened(rank, { ...where, dataset: known }, orderingOf)
    summed?.tell()
    return { ...(retrieving && { retrieve: retrieving }), ...(ordering && { rank: ordering }) }
  } catch (error) {
    await retrieving?.run[Symbol.asyncDispose]()
    throw error
  }
}

/** What several runs will take beyond what the process held when each was opened, told together. */
function summedMemory({ candidates, tell }: ServingMemory) {
  const held = (): number => process.memoryUsage.rss()
  let more = 0
  const add = (bytes: number): void => void (more += bytes + keptBytes - held())
  return { ofEach: { users: { candidates }, tell: add }, tell: () => tell(held() + more) }
}

async function closeStages({ retrieve, rank }: Stages): Promise<void> {
  await retrieve?.run[Symbol.asyncDispose]()
  await rank?.run[Symbol.asyncDispose]()
}

/** Where a run's dataset is. */
interface Where {
  readonly data?: string
  readonly dataset: Dataset | undefined
  readonly memory: MemoryListener | undefined
  readonly index?: ServingParts['index']
}

/** Opens a run for a stage, and closes it again where it cannot do its part. */
async function opened<Stage>(
  folder: string,
  { data, dataset, memory, index }: Where,
  stageOf: (run: OpenRun) => Stage,
): Promise<Stage> {
  const run = await openRun(folder, {
    ...(data !== undefined && { data }),
    ...(dataset && { dataset }),
    ...(memory && { memory }),
    ...(index && { index }),
    rows: batchSizes,
  })
  try {
    return stageOf(run)
  } catch (error) {
    await run[Symbol.asyncDispose]()
    throw error
  }
}

/** @throws UserError `unsupported` for a model that ranks no catalog */
function retrievingOf(run: OpenRun): Retrieving {
  const { scorer, dataset, split } = run
  let table: ReturnType<Retrieving['table']> | undefined
  return {
    run,
    rules: rulesOf(run),
    queue: scoreQueue(scorer, mostAtOnce(scorer.itemCount)),
    popular: popularItems(popularScores(dataset, split)),
    table() {
      table ??= tableOf(scorer)
      return table
    },
  }
}

/** @throws UserError `unsupported` for a model that predicts no clicks */
function orderingOf(run: OpenRun): Ordering {
  const { predictor } = run
  const kept = keptNumbers<Float32Array>()
  return {
    run,
    rules: rulesOf(run),
    async probabilities(history, candidates) {
      const key = historyKey(history, candidates)
      const known = kept.of(key)
      if (known) return known
      const { probability } = await predictor.candidates(history, candidates)
      kept.keep(key, probability)
      return probability
    },
  }
}

async function tableOf(scorer: OpenRun['scorer']): ReturnType<Retrieving['table']> {
  if (scorer.itemTable === undefined) return undefined
  const scores = await scorer.itemTable()
  return { ...scores, lengths: rowLengths(scores) }
}

function rulesOf({ dataset, run: { split } }: OpenRun): HistoryRules {
  if (dataset.asked?.question !== 'discovery') return { dataset }
  const { idleMinutes = usualIdleMinutes } = split as { idleMinutes?: number }
  return { dataset, idleMinutes }
}

/** Asks each run once. @throws UserError `corrupted` where what it says is no number */
async function probe({ retrieve, rank }: Stages, known: KnownIds): Promise<void> {
  const user = known.busiest()[0] ?? 0
  const shown = (rules: HistoryRules): History => {
    const { history } = wholeHistory(rules, user, [])
    const one = { user: 0, item: Int32Array.of(1), behavior: new Uint8Array(1), time: new Float64Array(1) }
    return history.item.length > 0 ? history : one
  }
  const isNumber = (value: number): boolean => Number.isFinite(value)
  const refuse = (run: OpenRun): UserError =>
    new UserError({ where: run.folder, problem: 'corrupted', value: 'scores that are no numbers', hint: 'train again' })
  if (retrieve) {
    const finite = await retrieve.queue.score(shown(retrieve.rules), (scores) => scores.subarray(1).every(isNumber))
    if (!finite) throw refuse(retrieve.run)
  }
  if (rank) {
    const { probability } = await rank.run.predictor.candidates(shown(rank.rules), [1])
    if (!probability.every(isNumber)) throw refuse(rank.run)
  }
}

function reads({ retrieve, rank }: Stages, modality: FeatureModality): boolean {
  const scorer = retrieve?.run.scorer
  return (scorer && 'reads' in scorer && scorer.reads(modality)) || rank?.run.predictor.reads(modality) === true
}

function unreadModality(where: string, modality: string, known: readonly FeatureModality[]): UserError {
  if (modality !== 'image' && modality !== 'text') return unknownName(where, modality, ['image', 'text'])
  const value = `${modality}, but what is served reads no ${modality} vectors`
  const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'none'
  return new UserError({ where, problem: 'unsupported', value, expected })
}
