/** @file `siftrec demo`: a simulated shop, four models trained on it, their figures, and whether denoising finds the planted noise. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { clickNoise, printClickNoise } from '../../audit/click-noise.ts'
import { loadDataset } from '../../dataset/load.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { openRun } from '../../runs/open-run.ts'
import { durationText, reportProgress } from '../../runs/progress.ts'
import { type RunSettings, trainRun } from '../../runs/train-run.ts'
import { readTruth, simulateShop } from '../../simulate/shop.ts'
import { demoShop } from '../../simulate/world.ts'
import { exitCodes } from '../failure.ts'
import { interruptible } from '../interrupt.ts'
import { whole } from '../values.ts'
import { evaluateRuns, printEvaluation } from './evaluate.ts'

/** A shorter diffusion and history than the defaults: two minutes on two cores. */
const short = { modalitySteps: 4, behaviorSteps: 4, maxLength: 32 } as const
/** Next clicks, a third of them accidental, count for less than next favorites. */
const auxiliaryTargets = 0.2
/** How each model is trained; M³BSR's other options are those that validation chose, on the larger shop and here (docs/benchmarks.md). */
const sizes = {
  m3bsr: {
    config: { ...short, userField: false, auxiliaryTargets, dropout: 0.1, embeddingSize: 64, lambdaContrast: 0.005 },
    training: { epochs: 40, patience: 6, batchSize: 32, weightDecay: 2 },
  },
  sasrec: { config: { auxiliaryTargets }, training: { epochs: 30, patience: 5, batchSize: 64 } },
  'item-knn': { config: {}, training: {} },
  popularity: { config: {}, training: {} },
} as const

interface Flags {
  readonly out?: string
  readonly seed: number
  readonly epochs?: number
}

/** `demo` */
export function demoCommand(): Command {
  return new Command('demo')
    .description('simulate a shop, train four models on it and print how good they are; offline, two minutes')
    .option('--out <folder>', 'where to keep the shop, the dataset and the runs; by default a temporary folder')
    .option(
      '--seed <number>',
      'draws the shop and trains the models',
      (text) => whole('--seed', text, 0),
      demoShop.seed,
    )
    .option('--epochs <number>', 'at most so many epochs a model, to be through sooner', (text) =>
      whole('--epochs', text),
    )
    .action(async (flags: Flags) => {
      const began = performance.now()
      const folder = flags.out ?? mkdtempSync(join(tmpdir(), 'siftrec-demo-'))
      if (!(await interruptible((signal) => demo(folder, flags, signal)))) {
        process.exitCode = exitCodes.interrupted
        return
      }
      say(`\nthat took ${durationText((performance.now() - began) / 1e3)}; everything is in ${folder}, next:`)
      say(`siftrec recommend ${join(folder, 'runs', 'm3bsr')} --user user1`)
    })
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs the demo; false when it was stopped. */
async function demo(
  folder: string,
  { seed, epochs = Number.POSITIVE_INFINITY }: Flags,
  signal: AbortSignal,
): Promise<boolean> {
  const shop = join(folder, 'shop')
  const { events, accidental } = await simulateShop(shop, { ...demoShop, seed })
  say(
    `a simulated shop: ${demoShop.users} users, ${demoShop.items} items, ${events} events, ${accidental} of them accidental clicks`,
  )
  say(
    'clicks follow the picture of an item, favorites what its title is about; every fifth picture shows another look. Predicted is the next favorite.\n',
  )
  const dataset = await prepareShop(shop, join(folder, 'data'))
  const runs: string[] = []
  for (const [model, { config, training }] of Object.entries(sizes)) {
    const run = join(folder, 'runs', model)
    const most = 'epochs' in training ? { ...training, seed, epochs: Math.min(epochs, training.epochs) } : {}
    if (!(await train({ model, dataset, out: run, config, training: most, signal }))) return false
    runs.push(run)
  }
  const { reports, ranks } = await evaluateRuns(runs, { part: 'test', k: [10, 20], seed })
  say(`\n${printEvaluation(reports, ranks, seed)}\n`)
  await using opened = await openRun(runs[0] as string, { dataset })
  say(printClickNoise('m3bsr', await clickNoise(opened, readTruth(shop))).trim())
  say('(0.5 is a coin, 1 is always right; no model is told which clicks are accidental)')
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
  const { status } = await trainRun({ ...settings, report: progress.report }).finally(progress.done)
  return status === 'finished' && !settings.signal.aborted
}
