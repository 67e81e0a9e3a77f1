/**
 * @file `npm run -s bench -- sgp4sr`: seconds of an epoch of SGP4SR on amazon-baby, and of its steps by window length.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataset } from '../src/dataset/load.ts'
import { amazonBaby } from '../src/experiment/data/public-datasets.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { type BenchResult, median } from './result.ts'

const limitSeconds = 30
const training = { epochs: 3, batchSize: 512, threads: 2, seed: 1 }

/** The median of three epochs, and of all their steps. */
export async function sgp4sr(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sgp4sr-'))
  try {
    const data = join(folder, 'data')
    await amazonBaby('../shared/data').recipe(1).make(data)
    const dataset = await loadDataset(data)
    const [epochs, steps]: [number[], number[]] = [[], []]
    let before = Number.NaN
    let [batches, size] = [0, '']
    await trainRun({
      model: 'sgp4sr',
      asGiven: true,
      dataset,
      out: join(folder, 'run'),
      training,
      report(event) {
        const now = performance.now()
        if (event.kind === 'start') [batches, size] = [event.batches, event.size]
        if (event.kind === 'batch' && event.batch > 1) steps.push((now - before) / 1e3)
        if (event.kind === 'epoch') epochs.push(event.seconds)
        before = now
      },
    })
    const ours = median(epochs)
    const settings = {
      ...training,
      users: dataset.manifest.counts.users,
      items: dataset.manifest.counts.items,
      batches,
      size,
      stepSeconds: median(steps),
    }
    return { name: 'sgp4sr', ours, peer: limitSeconds, ratio: ours / limitSeconds, unit: 's/epoch', settings }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
