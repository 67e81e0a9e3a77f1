/** @file One work of the bench `kuaishou`, in a process of its own: what it took, and what it found. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { differencesOf, evaluateRuns } from '../src/cli/evaluation.ts'
import { excludedItems } from '../src/dataset/candidates.ts'
import { loadDataset } from '../src/dataset/load.ts'
import type { ItemIndex } from '../src/dataset/schema.ts'
import { type ScoredItem, topItems } from '../src/dataset/top-items.ts'
import { precomputedFeatures } from '../src/features/precomputed.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { type OpenRun, openRun } from '../src/runs/open-run.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { taking } from './in-process.ts'
import { logFiles, makeLog, sizesOf, vectorWidth } from './kuaishou-data.ts'
import { mean } from './result.ts'
import { asked, type Clock, clock, requests, since, timed } from './single-lists.ts'

/** Little is held out, since each target is ranked among all items: as many events of a tenth as of the whole. */
const splitOf = (share: number) =>
  ({ protocol: 'time', testShare: Math.min(0.02, 0.002 / share), validationShare: 0.001 }) as const
/**
 * A loss of drawn items. The learning rate is the usual one: five times as much teaches SASRec more in the few steps of
 * a tenth of the log, and of the whole log nothing but popularity (docs/scale.md).
 */
const training = { batchSize: 64, catalogLoss: 'sampled', drawnFrom: 'mixed', drawnItems: 2048 } as const
/** Where the works of a share of the whole lie. */
const placesOf = (folder: string) => ({
  log: join(folder, 'log'),
  whole: join(folder, 'whole'),
  data: join(folder, 'data'),
  run: (model: string) => join(folder, 'runs', model),
})

/** What a work tells, by name. */
type Told = Readonly<Record<string, unknown>>
interface Asked {
  readonly folder: string
  readonly share: number
  readonly model: string
  readonly threads: number
  readonly epochs: number
}
type Work = (asked: Asked) => Promise<Told>

const works: Readonly<Record<string, Work>> = {
  /** Makes the log, if it is not there. */
  async generate({ folder, share }) {
    const sizes = sizesOf(share)
    const { taken } = await taking(() => makeLog(placesOf(folder).log, sizes))
    return { ...sizes, ...taken }
  },
  /** Prepares the whole log, without vectors. */
  async prepare({ folder }) {
    const { log, whole } = placesOf(folder)
    const { events, items } = logFiles(log)
    const { taken, result } = await taking(() =>
      prepareDataset({ events, items, mapping, out: whole, overwrite: true, memoryLimit: '1GB' }),
    )
    return { ...taken, events: result.counts.events, items: result.counts.items, users: result.counts.users }
  },
  /** Prepares what is trained on: the last events of each user, with vectors. */
  async recent({ folder }) {
    const { log, data } = placesOf(folder)
    const { recent, items, ids, image, text } = logFiles(log)
    const vectors = (file: string) => ({ vectors: file, ids, width: vectorWidth })
    const features = precomputedFeatures({ image: vectors(image), text: vectors(text) })
    const { taken, result } = await taking(() =>
      prepareDataset({ events: recent, items, mapping, out: data, overwrite: true, features }),
    )
    return { ...taken, events: result.counts.events }
  },
  async train({ folder, share, model, threads, epochs }) {
    const { data, run } = placesOf(folder)
    const dataset = await loadDataset(data)
    const trains = model !== 'popularity'
    let [estimated, processorSeconds, seconds, loss] = [0, 0, 0, 0]
    let began: Clock = clock()
    await trainRun({
      model,
      dataset,
      split: splitOf(share),
      out: run(model),
      overwrite: true,
      asGiven: true,
      ...(trains && { training: { ...training, threads, epochs } }),
      report(event) {
        if (event.kind === 'start') {
          estimated = event.memory.total / 1e9
          console.error(model, event.size, event.memory)
          began = clock()
        }
        if (event.kind !== 'batch') return
        if (event.batch % 50 === 0) console.error(model, event.batch, event.batches, event.loss, since(began))
        if (event.batch === event.batches) ({ seconds, processorSeconds, loss } = { ...since(began), loss: event.loss })
      },
    })
    const peakGigabytes = (process.resourceUsage().maxRSS * 1024) / 1e9
    return { epochs, seconds, processorSeconds, peakGigabytes, estimatedGigabytes: estimated, loss }
  },
  /** The test targets, each among all items, beside popularity. */
  async evaluate({ folder, model }) {
    const { run } = placesOf(folder)
    const folders = [run(model), run('popularity')]
    const { result, taken } = await taking(() => evaluateRuns(folders, { part: 'test', k: [10], seed: 1 }))
    if (result.kind !== 'ranks') throw new Error('runs that rank were measured as others')
    const figures = result.reports.map(({ slices }) => slices.all)
    return { ...taken, model: figures[0], popularity: figures[1], difference: differencesOf(result, 1)[0]?.difference }
  },
  /** Lists of single users by exact search. */
  exact: ({ folder, model }) => timedLists(placesOf(folder).run(model)),
  /** The same by an index, which is made first if it is not there, and which of the exact lists' items it finds. */
  async index({ folder, model }) {
    const run = placesOf(folder).run(model)
    const lines: string[] = []
    const { result, taken } = await taking(() => openRun(run, { rows: [1], index: (line) => lines.push(line) }))
    await using indexed = result
    const exact = await exactLists(indexed)
    const { lists, ...told } = await timed(indexed)
    const recall = mean(lists.map((list, at) => shareOf(list, exact[at] as readonly ScoredItem[])))
    return { ...told, recall, lines, opening: taken }
  },
}

const mapping = { behaviors: ['click', 'favorite'], target: 'favorite', candidates: 'all' as const }

async function timedLists(folder: string): Promise<Told> {
  await using run = await openRun(folder, { rows: [1] })
  const { lists: _, ...told } = await timed(run)
  return told
}

async function exactLists(run: OpenRun): Promise<(readonly ScoredItem[])[]> {
  const { scorer, dataset } = run
  const lists: (readonly ScoredItem[])[] = []
  const into = new Float32Array(scorer.itemCount + 1)
  for (const history of asked(run))
    lists.push(topItems(await scorer.score([history], into), requests.top, excludedItems(dataset, history)))
  return lists
}

function shareOf(list: readonly ScoredItem[], exact: readonly ScoredItem[]): number {
  const items = new Set<ItemIndex>(list.map(({ item }) => item))
  return exact.filter(({ item }) => items.has(item)).length / exact.length
}

const [name = '', folder, share, model = '', threads = '2', epochs = '1'] = process.argv.slice(2)
const work = works[name]
if (process.send && work && folder && share) {
  if (name === 'evaluate' && !existsSync(placesOf(folder).run('popularity')))
    await works['train']?.({ folder, share: Number(share), model: 'popularity', threads: 1, epochs: 1 })
  process.send(await work({ folder, share: Number(share), model, threads: Number(threads), epochs: Number(epochs) }))
  process.disconnect()
}
