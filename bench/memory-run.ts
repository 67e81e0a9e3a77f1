/** @file One work of the bench `memory`, in a process of its own: the peak told before it, and the peak measured. */
import { join } from 'node:path'
import type { BatchKind, TrainingBatch } from '../src/batches/kind.ts'
import { evaluateRuns } from '../src/cli/evaluation.ts'
import { loadDataset } from '../src/dataset/load.ts'
import type { ModelDefinition } from '../src/models/contract/model.ts'
import { type ModelEntry, modelOf } from '../src/models/registry.ts'
import { recommend } from '../src/rank/recommend.ts'
import { openRun } from '../src/runs/open-run.ts'
import { trainRun } from '../src/runs/train-run.ts'

/** What a process says at its end, in MB. */
export interface Measured {
  readonly told: number
  readonly measured: number
  /** What the estimate is made of. */
  readonly parts: Readonly<Record<string, number>>
}

/** Batches of each shape that an epoch has: the second finds every buffer of the first in use. */
const batchesOfShape = 2
/** Little is held out, so that validation takes seconds; it still has batches of full length. */
const split = { protocol: 'time', testShare: 0.002, validationShare: 0.002 } as const
/** Smaller batches for the models whose steps take longest. */
const batchSizes: Readonly<Record<string, number>> = { sgp4sr: 32 }

/** Gives a model epochs of a few batches of each shape; what is made for the whole epoch is made all the same. */
function shorten(model: ModelEntry): void {
  if (!('build' in model)) return
  const whole = model.build.bind(model)
  const build: ModelDefinition['build'] = (...parts) => {
    const built = whole(...parts)
    const stages = built.stages?.map((stage) => ({
      ...stage,
      objectives: stage.objectives.map((one) => ({ ...one, batches: fewBatches(one.batches) })),
    }))
    return { ...built, batches: fewBatches(built.batches), ...(stages && { stages }) }
  }
  Object.assign(model, { build })
}

function fewBatches<Batch>(kind: BatchKind<Batch, never>): BatchKind<Batch, never> {
  return {
    ...kind,
    training(data, settings) {
      const all = kind.training(data, settings)
      return { ...all, epoch: (number) => fewOfEach(all.epoch(number)) }
    },
  }
}

function fewOfEach(batches: readonly TrainingBatch[]): readonly TrainingBatch[] {
  const counts = new Map<unknown, number>()
  return batches.filter(({ shape }) => {
    const count = (counts.get(shape) ?? 0) + 1
    counts.set(shape, count)
    return count <= batchesOfShape
  })
}

/** In MB. */
const inMegabytes = (parts: object): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, (bytes as number) / 1e6]))

/** Trains for one short epoch. @param batchSize of training; by default as large as a user's */
export async function train(
  data: string,
  slug: string,
  out: string,
  batchSize: number | undefined = batchSizes[slug],
): Promise<Record<string, number>> {
  const model = modelOf(slug)
  shorten(model)
  let told: Record<string, number> = { total: 0 }
  await trainRun({
    asGiven: true,
    model: slug,
    dataset: await loadDataset(data),
    split,
    out,
    overwrite: true,
    ...('build' in model && { training: { epochs: 1, ...(batchSize !== undefined && { batchSize }) } }),
    report(event) {
      const total = event.kind === 'start' ? event.memory.total : event.kind === 'memory' ? event.bytes : 0
      if (total / 1e6 > (told['total'] ?? 0)) told = inMegabytes(event.kind === 'start' ? event.memory : { total })
    },
  })
  return told
}

/** What opening a run tells, and whoever is served then. */
async function serve(data: string, folder: string, users: 'one' | 'many'): Promise<Record<string, number>> {
  let told: Record<string, number> = {}
  const memory = { users, tell: (bytes: number) => (told = inMegabytes({ total: bytes })) }
  if (users === 'many') {
    const wanted = { part: 'test' as const, k: [10, 20], seed: 1, data, tellMemory: memory.tell }
    await evaluateRuns([folder], wanted)
  } else {
    await using run = await openRun(folder, { data, memory })
    await recommend(run, run.dataset.userIds[1] as string)
  }
  return told
}

/** The works, by the command that does each. */
const works: Readonly<Record<string, (data: string, slug: string, out: string) => Promise<Record<string, number>>>> = {
  train: async (data, slug, out) => train(data, slug, join(out, slug)),
  evaluate: (data, slug, out) => serve(data, join(out, slug), 'many'),
  recommend: (data, slug, out) => serve(data, join(out, slug), 'one'),
}

const [command = '', data, slug, out] = process.argv.slice(2)
const work = works[command]
if (process.send && work && data && slug && out) {
  const { total: told = 0, ...parts } = await work(data, slug, out)
  process.send({ told, measured: (process.resourceUsage().maxRSS * 1024) / 1e6, parts } satisfies Measured)
  process.disconnect()
}
