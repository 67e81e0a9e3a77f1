/** @file `npm run -s bench -- memory`: the peak told before training starts, beside the peak measured afterwards. */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadDataset } from '../src/dataset/load.ts'
import { m3bsrSettings, sasrecSettings } from '../src/experiment/studies/model-settings.ts'
import { localFeatures } from '../src/features/local.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { type BenchResult, median } from './result.ts'

const source = '../shared/data/ml-latest-small'
const cases = {
  sasrec: { model: 'sasrec', ...sasrecSettings.movies },
  sasrecLarge: {
    model: 'sasrec',
    config: { ...sasrecSettings.movies.config, hiddenSize: 128 },
    training: { batchSize: 256 },
  },
  m3bsr: { model: 'm3bsr', ...m3bsrSettings.movies },
} as const
type Case = keyof typeof cases

interface Measured {
  readonly told: number
  readonly measured: number
}

/** The median over three trainings of measured over told; each trains one epoch in a process of its own. */
export async function memory(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'memory-'))
  try {
    await prepareDataset({
      source: 'movielens',
      input: source,
      images: join(source, 'posters'),
      out: join(folder, 'data'),
      features: localFeatures(),
    })
    const measured: Record<string, Measured & { ratio: number }> = {}
    for (const name of Object.keys(cases)) {
      const one = await measure(folder, name)
      measured[name] = { ...one, ratio: one.measured / one.told }
    }
    const ratio = median(Object.values(measured).map((one) => one.ratio))
    const { told, measured: peak } = measured['m3bsr'] as Measured
    return {
      name: 'memory',
      ours: told,
      peer: peak,
      ratio,
      unit: 'MB told and measured',
      settings: { cases: measured, limit: 'within 25 %' },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function measure(folder: string, name: string): Promise<Measured> {
  const child = fork(fileURLToPath(import.meta.url), [folder, name], { execArgv: process.execArgv })
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Measured))
    child.once('exit', (code) => reject(new Error(`the training ended with ${code}`)))
  })
}

const [folder, name] = process.argv.slice(2)
if (process.send && folder && name) {
  let told = 0
  const { model, config, training } = cases[name as Case]
  const dataset = await loadDataset(join(folder, 'data'))
  await trainRun({
    model,
    asGiven: true,
    dataset,
    config,
    out: join(folder, name),
    training: { ...training, epochs: 1 },
    report: (event) => event.kind === 'start' && (told = event.memory.total / 1e6),
  })
  process.send({ told, measured: (process.resourceUsage().maxRSS * 1024) / 1e6 })
  process.disconnect()
}
