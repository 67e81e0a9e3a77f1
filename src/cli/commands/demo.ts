/** @file `siftrec demo`: a simulated shop, four models trained on it, their figures, and whether denoising finds the planted noise. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { loadDataset } from '../../data/load.ts'
import { prepareDataset } from '../../data/prepare.ts'
import type { Dataset } from '../../data/schema.ts'
import { localFeatures } from '../../features/local.ts'
import { readTruth, simulateShop } from '../../simulate/shop.ts'
import { demoShop } from '../../simulate/world.ts'
import { openRun } from '../../train/open-run.ts'
import { durationText, reportProgress } from '../../train/progress.ts'
import { trainRun } from '../../train/run.ts'
import { clickNoise, printClickNoise } from '../click-noise.ts'
import { exitCodes } from '../failure.ts'
import { interruptible } from '../interrupt.ts'
import { whole } from '../values.ts'
import { evaluateRuns, printEvaluation } from './evaluate.ts'

/** Sizes that end within two minutes on two cores. */
const sizes: Readonly<Record<string, { config: Record<string, unknown>; training: Record<string, unknown> }>> = {
  m3bsr: { config: {}, training: { epochs: 30, batchSize: 64 } },
  sasrec: { config: {}, training: { epochs: 60, batchSize: 64 } },
  'item-knn': { config: {}, training: {} },
  popularity: { config: {}, training: {} },
}

/** `demo` */
export function demoCommand(): Command {
  return new Command('demo')
    .description('simulate a shop, train four models on it and print how good they are; offline, two minutes')
    .option('--out <folder>', 'where to keep the shop, the dataset and the runs; by default a temporary folder')
    .option('--seed <number>', 'draws the shop and trains the models', (text) => whole('--seed', text, 0), demoShop.seed)
    .action(async ({ out, seed }: { out?: string; seed: number }) => {
      const began = performance.now()
      const folder = out ?? mkdtempSync(join(tmpdir(), 'siftrec-demo-'))
      if (!(await interruptible((signal) => demo(folder, seed, signal)))) {
        process.exitCode = exitCodes.interrupted
        return
      }
      say(`\nthat took ${durationText((performance.now() - began) / 1e3)}; everything is in ${folder}, next:`)
      say(`siftrec recommend ${join(folder, 'runs', 'm3bsr')} --user u1`)
    })
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs the demo; false when it was stopped. */
async function demo(folder: string, seed: number, signal: AbortSignal): Promise<boolean> {
  const shop = join(folder, 'shop')
  const { events, accidental } = await simulateShop(shop, { ...demoShop, seed })
  say(`a simulated shop: ${demoShop.users} users, ${demoShop.items} items, ${events} events, ${accidental} of them accidental clicks`)
  say('clicks follow the picture, favorites the text; every fifth picture is wrong. Predicted is the next favorite.\n')
  const dataset = await prepareShop(shop, join(folder, 'data'))
  const runs: string[] = []
  for (const slug of Object.keys(sizes)) {
    const run = join(folder, 'runs', slug)
    if (!(await train(slug, dataset, run, { seed, signal }))) return false
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
async function train(model: string, dataset: Dataset, out: string, { seed, signal }: { seed: number; signal: AbortSignal }): Promise<boolean> {
  const { config, training } = sizes[model] as (typeof sizes)[string]
  say(`training ${model}`)
  const progress = reportProgress(process.stderr, Number(training['epochs'] ?? 0))
  const settings = { model, dataset, out, config, training: { ...training, seed } }
  const { status } = await trainRun({ ...settings, signal, report: progress.report }).finally(progress.done)
  return status === 'finished' && !signal.aborted
}
