/**
 * @file `npm run -s bench -- losses [baby|made-up] [LOSS] [EPOCHS]`: SASRec by each loss over the catalog, its
 * validation NDCG@10 epoch by epoch, and how long it takes to that of the full softmax. On amazon-baby, and on a
 * made-up catalog of 100,000 items where 19 of 20 events are of the user's own taste.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataset } from '../src/dataset/load.ts'
import type { Dataset } from '../src/dataset/schema.ts'
import { unknownName } from '../src/errors.ts'
import type { LossOptions } from '../src/learn/config.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { makeMadeUpShop } from './memory-data.ts'
import { type BenchResult, mean } from './result.ts'

const madeUpShop = { events: 60_000, users: 3000, items: 100_000, tastes: 500 }

/** A data set, and how SASRec is trained on it by the full softmax. */
interface Place {
  readonly make: (folder: string) => Promise<string>
  readonly epochs: number
  readonly batchSize: number
}
const places: Readonly<Record<string, Place>> = {
  baby: {
    async make(folder) {
      const out = join(folder, 'data')
      const mapping = { candidates: 'all' } as const
      await prepareDataset({ source: 'recbole', input: '../shared/data/amazon-baby', mapping, out })
      return out
    },
    epochs: 20,
    batchSize: 256,
  },
  'made-up': { make: (folder) => makeMadeUpShop(folder, madeUpShop), epochs: 30, batchSize: 64 },
}

/** Each loss; the others are trained for twice as many epochs as the full softmax. */
export const kinds: Readonly<Record<string, { readonly options: LossOptions; readonly times: number }>> = {
  full: { options: {}, times: 1 },
  uniform: { options: { catalogLoss: 'sampled' }, times: 2 },
  popularity: { options: { catalogLoss: 'sampled', drawnFrom: 'popularity' }, times: 2 },
  mixed: { options: { catalogLoss: 'sampled', drawnFrom: 'mixed' }, times: 2 },
  gbce: { options: { catalogLoss: 'gbce' }, times: 2 },
  sce: { options: { catalogLoss: 'sce' }, times: 2 },
}

/** What was known after an epoch; times are of training alone, without validation, from its begin. */
interface Epoch {
  readonly ndcg: number
  readonly seconds: number
  readonly cpuSeconds: number
}

/** The figures of every loss. A data set and a loss on the command line are measured alone, for the epochs it says. */
export async function losses(): Promise<BenchResult> {
  const [, , , onlyPlace, onlyKind, most] = process.argv
  const found: Record<string, Record<string, Figures>> = {}
  for (const [name, place] of chosen('data set', places, onlyPlace)) {
    const folder = mkdtempSync(join(tmpdir(), 'losses-'))
    try {
      const dataset = await loadDataset(await place.make(join(folder, 'shop')))
      const epochs: [string, readonly Epoch[]][] = []
      for (const [kind, { options, times }] of chosen('loss', kinds, onlyKind)) {
        const training = { epochs: most ? Number(most) : times * place.epochs, batchSize: place.batchSize, ...options }
        epochs.push([kind, await trained(dataset, training, join(folder, kind))])
      }
      const full = epochs.find(([kind]) => kind === 'full')?.[1]
      const goal = full ? bestOf(full) : Number.POSITIVE_INFINITY
      found[name] = Object.fromEntries(epochs.map(([kind, list]) => [kind, figuresOf(list, goal)]))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const epochOf = (kind: string): number => found['made-up']?.[kind]?.cpuSecondsPerEpoch ?? Number.NaN
  const [ours, full] = [epochOf('mixed'), epochOf('full')]
  return { name: 'losses', ours, peer: full, ratio: ours / full, unit: 'CPU s/epoch', settings: { madeUpShop, found } }
}

/** Those of a list that were asked for: one, or all. */
function chosen<Value>(what: string, from: Readonly<Record<string, Value>>, one: string | undefined) {
  const list = Object.entries(from).filter(([name]) => one === undefined || name === one)
  if (list.length === 0) throw unknownName(what, one ?? '', Object.keys(from))
  return list
}

/** Trains SASRec, and tells each epoch as it ends. */
async function trained(dataset: Dataset, training: object & { readonly epochs: number }, out: string) {
  const epochs: Epoch[] = []
  const used = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }
  let [seconds, cpuSeconds, from, ended] = [0, 0, 0, 0]
  await trainRun({
    model: 'sasrec',
    asGiven: true,
    dataset,
    out,
    training: { ...training, patience: training.epochs, threads: 2, seed: 1 },
    report(event) {
      if (event.kind === 'start') from = used()
      if (event.kind === 'batch' && event.batch === event.batches) ended = used()
      if (event.kind !== 'epoch') return
      seconds += event.seconds
      cpuSeconds += ended - from
      epochs.push({ ndcg: event.validation ?? 0, seconds, cpuSeconds })
      console.error(out.split('/').at(-1), event.epoch, event.validation, seconds, cpuSeconds)
      from = used()
    },
  })
  return epochs
}

/** What a training came to. */
interface Figures {
  readonly best: number
  readonly cpuSecondsPerEpoch: number
  /** When it was first as good as the best of the full softmax; null where it never was, or that was not measured. */
  readonly untilFull: Epoch | null
  readonly epochs: readonly Epoch[]
}

const bestOf = (epochs: readonly Epoch[]): number => Math.max(...epochs.map(({ ndcg }) => ndcg))

const figuresOf = (epochs: readonly Epoch[], goal: number): Figures => ({
  best: bestOf(epochs),
  cpuSecondsPerEpoch: mean(epochs.map(({ cpuSeconds }, at) => cpuSeconds - (epochs[at - 1]?.cpuSeconds ?? 0))),
  untilFull: epochs.find(({ ndcg }) => ndcg >= goal) ?? null,
  epochs,
})
