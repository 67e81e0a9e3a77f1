/**
 * @file Seconds of processor time that an epoch takes, ours and theirs in turns, each on one thread:
 * `node --import tsx tools/published/times.ts MODEL DATASET EXPORTED OUT.json PYTHON CODE...`. EXPORTED is what
 * `export.ts` made of DATASET; PYTHON and CODE are as for `train.py`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataset } from '../../src/dataset/load.ts'
import type { Dataset } from '../../src/dataset/schema.ts'
import { trainRun } from '../../src/runs/train-run.ts'
import { ownOptions, publishedCode } from './published-code.ts'

const rounds = 2
const [model, folder, exported, out, python, ...code] = process.argv.slice(2)
const published = publishedCode.find((one) => one.model === model)
if (!published || folder === undefined || exported === undefined || out === undefined || python === undefined)
  throw new Error('usage: times.ts MODEL DATASET EXPORTED OUT.json PYTHON CODE...')

const times = { ours: [] as number[], theirs: [] as number[] }
const dataset = await loadDataset(folder)
const scratch = mkdtempSync(join(tmpdir(), 'published-times-'))
try {
  for (let round = 0; round < rounds; round++) {
    times.theirs.push(...theirEpochs(python, exported, join(scratch, 'theirs.json')))
    times.ours.push(...(await ourEpochs(dataset, join(scratch, `ours-${round}`))))
    writeFileSync(out, `${JSON.stringify(times)}\n`)
  }
} finally {
  rmSync(scratch, { recursive: true })
}

/** One epoch, with batches as their trainer makes them. */
function theirEpochs(python: string, data: string, told: string): number[] {
  const script = join(import.meta.dirname, 'train.py')
  const { status } = spawnSync(
    python,
    [script, model as string, data, told, '--time', '--epochs', '1', '--code', ...code],
    {
      stdio: 'inherit',
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    },
  )
  if (status !== 0) throw new Error(`${python} ended with ${status}`)
  return (JSON.parse(readFileSync(told, 'utf8')) as { seconds: number[] }).seconds
}

/** The epochs after the first, which compiles graphs: from an epoch's first step to its last, and one step more. */
async function ourEpochs(dataset: Dataset, out: string): Promise<number[]> {
  const { config, training } = ownOptions(published as (typeof publishedCode)[number])
  const seconds: number[] = []
  let began = 0
  await trainRun({
    model: model as string,
    dataset,
    out,
    config,
    training: { ...training, epochs: 3, patience: 3, threads: 1 },
    asGiven: true,
    report(event) {
      if (event.kind !== 'batch' || event.epoch === 1) return
      const { user, system } = process.cpuUsage()
      const now = (user + system) / 1e6
      if (event.batch === 1) began = now
      else if (event.batch === event.batches) seconds.push(((now - began) * event.batches) / (event.batches - 1))
    },
  })
  return seconds
}
