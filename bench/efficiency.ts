/**
 * @file `npm run -s bench -- efficiency`: an epoch and a request of every model of clicks, on data of kuairand-pure's
 * size with pictures and texts.
 */

import { backboneSlugs } from '../src/models/clicks/backbones.ts'
import { catalogShape } from '../src/models/contract/catalog.ts'
import type { BuiltModel } from '../src/models/contract/model.ts'
import { parseOptions } from '../src/models/contract/options.ts'
import { modelOf, modelSlugs } from '../src/models/registry.ts'
import { clickData } from './click-data.ts'
import { candidateTimes, clickSteps } from './click-steps.ts'
import { type BenchResult, median } from './result.ts'

/** Every history is full: an epoch of real data, with shorter ones among them, takes less. */
const sizes = {
  batch: 1024,
  length: 50,
  items: 7583,
  users: 25_000,
  samples: 153_226,
  vectors: 512,
  candidates: 1000,
  threads: 2,
}
const [steps, requests] = [6, 20]

/**
 * Diff-MSIN on DIN over DIN alone, in seconds an epoch; every model beside them, with its milliseconds for 1,000
 * candidates.
 */
export async function efficiency(): Promise<BenchResult> {
  const { batch, items, users, length, samples, vectors, threads } = sizes
  const data = clickData({ items, users, length, samples: 4 * batch, itemFields: [44, 6510], vectors })
  const shape = catalogShape(data.dataset, data.samples.vocabulary)
  const built = (slug: string, config: object = {}): BuiltModel => {
    const model = modelOf(slug)
    if (model.task !== 'clicks') throw new Error(`${slug} predicts no clicks`)
    return model.build(parseOptions(slug, model.config, config), shape)
  }
  const alone = modelSlugs
    .filter((slug) => modelOf(slug).task === 'clicks' && slug !== 'diff-msin')
    .map((slug) => [slug, built(slug)] as const)
  const plugged = backboneSlugs.map(
    (backbone) => [`diff-msin + ${backbone}`, built('diff-msin', { backbone })] as const,
  )
  const table: Record<string, { epochSeconds: number; requestMs: number }> = {}
  for (const [name, model] of [...alone, ...plugged]) {
    const step = median(await clickSteps({ ...data, model, batchSize: batch, steps, threads }))
    const request = median((await candidateTimes({ ...sizes, ...data, model, requests })).wall)
    table[name] = { epochSeconds: (step * samples) / batch / 1e3, requestMs: request }
  }
  const [ours, peer] = ['diff-msin + din', 'din'].map((name) => table[name]?.epochSeconds ?? Number.NaN) as [
    number,
    number,
  ]
  return {
    name: 'efficiency',
    ours,
    peer,
    ratio: ours / peer,
    unit: 's an epoch, Diff-MSIN on DIN over DIN',
    settings: { ...sizes, table },
  }
}
