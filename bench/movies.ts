/** @file `npm run -s bench -- movies [ablations]`: M³BSR and SASRec on ml-latest-small, by leave-one-out and by a global time split. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { prepareDataset } from '../src/data/prepare.ts'
import type { Split } from '../src/data/schema.ts'
import { localFeatures } from '../src/features/local.ts'
import { type Grid, runGrid, seedsAsked, type Variant } from './grid.ts'
import type { BenchResult } from './result.ts'
import { m3bsrSettings, sasrecSettings } from './tuned.ts'

const data = join('runs', 'movies-data')
const source = '../shared/data/ml-latest-small'
const limitSeconds = 600

const ablations: Readonly<Record<string, string>> = {
  'w/o CDMD-M': 'withoutModalityDenoising',
  'w/o CDMD-B': 'withoutBehaviorDenoising',
  'w/o MEIE': 'withoutExperts',
  'w/o shared expert': 'withoutSharedExpert',
  'w/o disentanglement': 'withoutDisentanglement',
}

function gridOf(protocol: Split['protocol'], seeds: readonly number[], withAblations: boolean): Grid {
  const { config, training } = m3bsrSettings.movies
  const left = Object.entries(withAblations ? ablations : {})
  const variants: Variant[] = [
    { name: 'SASRec', model: 'sasrec', ...sasrecSettings.movies },
    { name: 'M³BSR', model: 'm3bsr', config, training },
    ...left.map(([name, option]) => ({ name, model: 'm3bsr', config: { ...config, [option]: true }, training })),
    { name: 'popularity', model: 'popularity' },
    { name: 'item-kNN', model: 'item-knn' },
  ]
  const name = withAblations ? 'movies-ablations' : `movies-${protocol}`
  const command = `npm run -s bench -- movies${withAblations ? ' ablations' : ''}`
  return { name, title: `ml-latest-small, ${withAblations ? 'ablations' : protocol}`, command, data, protocol, variants, seeds, reference: 'SASRec' }
}

/** Seconds of one M³BSR training, and both protocols' figures. */
export async function movies(): Promise<BenchResult> {
  if (!existsSync(data))
    await prepareDataset({ source: 'movielens', input: source, images: join(source, 'posters'), out: data, features: localFeatures() })
  const withAblations = process.argv.includes('ablations')
  const results: Record<string, unknown> = {}
  let seconds = Number.NaN
  for (const protocol of withAblations ? (['leave-one-out'] as const) : (['leave-one-out', 'time'] as const)) {
    const grid = gridOf(protocol, seedsAsked(), withAblations)
    const rows = await runGrid(grid)
    if (protocol === 'leave-one-out') seconds = rows.find(({ variant }) => variant === 'M³BSR')?.seconds ?? Number.NaN
    results[grid.name] = Object.fromEntries(rows.map((row) => [row.variant, row['ndcg@10']]))
  }
  return { name: 'movies', ours: seconds, peer: limitSeconds, ratio: seconds / limitSeconds, unit: 's of training', settings: results }
}
