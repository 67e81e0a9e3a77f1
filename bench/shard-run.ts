/**
 * @file One rank of the bench `shard`, which `mpirun` starts: an epoch of SASRec with a loss of drawn items, its
 * validation and its checkpoint. The first rank prints what all of them held.
 */
import { loadDataset } from '../src/dataset/load.ts'
import { openMpi } from '../src/mpi/open-mpi.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { median } from './result.ts'
import { clock, since } from './single-lists.ts'

/** What a training took. */
export interface ShardTook {
  /** Of each rank, in MB: what it held before training, and at the peak. */
  readonly before: readonly number[]
  readonly peak: readonly number[]
  /** Milliseconds of the processor for a step of the first rank, all but the first ones; the middle one. */
  readonly step: number
  /** What the first rank said beforehand that it would hold, in MB. */
  readonly told: number
}

const split = { protocol: 'time', testShare: 0.0005, validationShare: 0.0005 } as const
const training = {
  epochs: 1,
  batchSize: 64,
  threads: 1,
  learningRate: 0.005,
  catalogLoss: 'sampled',
  drawnFrom: 'mixed',
  drawnItems: 1024,
} as const
/** Steps that are not counted. */
const warming = 3

const [data, out, how] = process.argv.slice(2) as [string, string, 'whole' | 'shares']
await using ranks = await openMpi()
const dataset = await loadDataset(data)
const before = process.memoryUsage.rss() / 1e6
const times: number[] = []
let last = clock()
let told = 0
await trainRun({
  model: 'sasrec',
  dataset,
  split,
  out,
  overwrite: true,
  asGiven: true,
  config: { hiddenSize: 64 },
  training,
  ranks,
  shardItems: how === 'shares',
  report(event) {
    if (event.kind === 'start') told = event.memory.total / 1e6
    if (event.kind !== 'batch') return
    times.push(1e3 * since(last).processorSeconds)
    last = clock()
  },
})
const held = await ranks.gather(Float64Array.of(before, (process.resourceUsage().maxRSS * 1024) / 1e6))
const took: ShardTook = {
  before: Array.from(held.filter((_, at) => at % 2 === 0)),
  peak: Array.from(held.filter((_, at) => at % 2 === 1)),
  step: median(times.slice(warming)),
  told,
}
if (ranks.rank === 0) console.log(JSON.stringify(took))
