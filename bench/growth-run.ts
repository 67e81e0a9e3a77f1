/** @file One size of the bench `growth`, in a process of its own: what each work took of the processor. */
import { join } from 'node:path'
import { loadDataset } from '../src/dataset/load.ts'
import type { Dataset } from '../src/dataset/schema.ts'
import { precomputedFeatures } from '../src/features/precomputed.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { openRun } from '../src/runs/open-run.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { taking } from './in-process.ts'
import { type LogSizes, logFiles, makeLog, vectorWidth } from './kuaishou-data.ts'
import { mean } from './result.ts'
import { clock, since, timed } from './single-lists.ts'

/** What one size took. */
export interface SizeTook {
  /** Seconds of the processor: preparing the whole log without vectors. */
  readonly prepare: number
  /** Milliseconds of the processor for a step of SASRec with a loss of few items, and of all, and of M³BSR. */
  readonly sasrec: number
  readonly softmax: number
  readonly m3bsr: number
  /** How many steps an epoch has. */
  readonly steps: number
  /** Seconds of the processor for reading the whole dataset into memory, as every command does. */
  readonly load: number
  /** Milliseconds of the processor for the ten best items of one user by SASRec; the middle of 500. */
  readonly list: number
}

const mapping = { behaviors: ['click', 'favorite'], target: 'favorite', candidates: 'all' as const }
const split = { protocol: 'time', testShare: 0.02, validationShare: 0.001 } as const
const training = { epochs: 1, batchSize: 64, threads: 1 } as const
const fewItems = { catalogLoss: 'sampled', drawnFrom: 'mixed', drawnItems: 2048 } as const
/** Steps that are timed, after some that warm up; lists need a run that was trained for a whole epoch. */
const timedSteps = { sasrec: Number.POSITIVE_INFINITY, softmax: 3, m3bsr: 6, warming: 2 } as const

async function took(folder: string, sizes: LogSizes): Promise<SizeTook> {
  const log = join(folder, 'log')
  await makeLog(log, sizes)
  const { events, recent, items, ids, image, text } = logFiles(log)
  const whole = await taking(() => prepareDataset({ events, items, mapping, out: join(folder, 'whole'), threads: 1 }))
  const vectors = (file: string) => ({ vectors: file, ids, width: vectorWidth })
  const features = precomputedFeatures({ image: vectors(image), text: vectors(text) })
  await prepareDataset({ events: recent, items, mapping, out: join(folder, 'data'), features, threads: 1 })
  const dataset = await loadDataset(join(folder, 'data'))
  const step = (name: Timed) => timedTraining(dataset, join(folder, name), name)
  const { ms: sasrec, steps } = await step('sasrec')
  const [softmax, m3bsr] = [(await step('softmax')).ms, (await step('m3bsr')).ms]
  const loaded = await taking(() => loadDataset(join(folder, 'whole')))
  await using run = await openRun(join(folder, 'sasrec'), { rows: [1], dataset })
  const { processor } = await timed(run)
  const { processorSeconds: load } = loaded.taken
  return { prepare: whole.taken.processorSeconds, sasrec, softmax, m3bsr, steps, load, list: processor.p50 }
}

type Timed = 'sasrec' | 'softmax' | 'm3bsr'

/** The mean of the steps of an epoch, or of its first ones. */
async function timedTraining(dataset: Dataset, out: string, name: Timed) {
  const stopping = new AbortController()
  const times: number[] = []
  let [before, steps] = [clock(), 0]
  await trainRun({
    model: name === 'm3bsr' ? 'm3bsr' : 'sasrec',
    dataset,
    split,
    out,
    asGiven: true,
    training: { ...training, ...(name === 'softmax' ? {} : fewItems) },
    signal: stopping.signal,
    report(event) {
      if (event.kind !== 'batch') return
      times.push(1e3 * since(before).processorSeconds)
      before = clock()
      steps = event.batches
      if (event.batch >= timedSteps.warming + timedSteps[name]) stopping.abort()
    },
  })
  return { ms: mean(times.slice(timedSteps.warming)), steps }
}

const [folder, sizes] = process.argv.slice(2)
if (process.send && folder && sizes) {
  process.send(await took(folder, JSON.parse(sizes) as LogSizes))
  process.disconnect()
}
