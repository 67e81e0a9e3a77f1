/**
 * @file What the demo does: a simulated shop, four models trained on it, their figures, and whether denoising finds the
 * planted noise.
 */
import { join } from 'node:path'
import { clickNoise, printClickNoise } from '../audit/click-noise.ts'
import { loadDataset } from '../dataset/load.ts'
import type { Dataset } from '../dataset/schema.ts'
import { localFeatures } from '../features/local.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { idleText } from '../runs/idle-text.ts'
import { openRun } from '../runs/open-run.ts'
import { reportProgress } from '../runs/progress.ts'
import { type RunSettings, trainRun } from '../runs/train-run.ts'
import { readTruth, simulateShop } from '../simulate/shop.ts'
import { demoShop } from '../simulate/world.ts'
import { evaluateRuns, printEvaluation } from './evaluation.ts'

/** Fewer diffusion steps than the default, so that the demo takes two minutes on two cores. */
const short = { behaviorSteps: 5 } as const
/** The weight of next clicks, a third of which are accidental; next favorites have weight 1. */
const auxiliaryTargets = 0.2
/**
 * How each model is trained. M³BSR's other options are those that validation chose, on the larger shop and here
 * (docs/tried.md).
 */
const sizes = {
  m3bsr: {
    config: { ...short, auxiliaryTargets, dropout: 0.2, denoisers: 'inline' },
    training: { epochs: 40, patience: 4, batchSize: 32, weightDecay: 0.5 },
  },
  sasrec: { config: { auxiliaryTargets }, training: { epochs: 30, patience: 5, batchSize: 64 } },
  'item-knn': { config: {}, training: {} },
  popularity: { config: {}, training: {} },
} as const

/** How long the demo is and what draws its shop. */
export interface DemoSettings {
  readonly seed: number
  /** At most so many epochs a model. */
  readonly epochs?: number
}

/** Prints a line. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs the demo; false when it was stopped. */
export async function demo(
  folder: string,
  { seed, epochs = Number.POSITIVE_INFINITY }: DemoSettings,
  signal: AbortSignal,
): Promise<boolean> {
  const shop = join(folder, 'shop')
  const { events, accidental } = await simulateShop(shop, { ...demoShop, seed })
  say(
    `a simulated shop: ${demoShop.users} users, ${demoShop.items} items, ${events} events, ${accidental} of them accidental clicks`,
  )
  say(
    'clicks depend on the picture of an item, favorites on the topic of its title; every fifth picture is of another style. The models predict the next favorite.\n',
  )
  const dataset = await prepareShop(shop, join(folder, 'data'))
  const runs: string[] = []
  for (const [model, { config, training }] of Object.entries(sizes)) {
    const run = join(folder, 'runs', model)
    const most = 'epochs' in training ? { ...training, seed, epochs: Math.min(epochs, training.epochs) } : {}
    if (!(await train({ model, dataset, out: run, config, training: most, signal }))) return false
    runs.push(run)
  }
  const evaluation = await evaluateRuns(runs, { part: 'test', k: [10, 20], seed })
  say(`\n${printEvaluation(evaluation, seed)}\n`)
  await using opened = await openRun(runs[0] as string, { dataset })
  say(printClickNoise('m3bsr', await clickNoise(opened, readTruth(shop))).trim())
  say('(0.5 is chance, 1 is always right; no model is told which clicks are accidental)')
  return true
}

async function prepareShop(shop: string, out: string): Promise<Dataset> {
  const files = { events: join(shop, 'events.csv'), items: join(shop, 'items.csv'), mapping: join(shop, 'shop.yaml') }
  await prepareDataset({ ...files, features: localFeatures(), out })
  return loadDataset(out)
}

/** Trains one model; false when it was stopped. */
async function train(settings: RunSettings & { signal: AbortSignal }): Promise<boolean> {
  say(`training ${settings.model}`)
  const progress = reportProgress(process.stderr, Number(settings.training?.['epochs'] ?? 0))
  const result = await trainRun({ ...settings, report: progress.report }).finally(progress.done)
  const { status } = result
  for (const line of idleText(result)) say(line)
  return status === 'finished' && !settings.signal.aborted
}
