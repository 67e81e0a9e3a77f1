/** @file `npm run -s bench -- shop`: M³BSR, its ablations and the comparisons on the simulated shop, with the AUC of its click denoising. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { clickNoise } from '../src/experiment/click-noise.ts'
import { loadDataset } from '../src/data/load.ts'
import { prepareDataset } from '../src/data/prepare.ts'
import { localFeatures } from '../src/features/local.ts'
import { readTruth, simulateShop } from '../src/simulate/shop.ts'
import { openRun } from '../src/train/open-run.ts'
import { type Grid, gridFolder, type Row, runGrid, seedsAsked, type Variant } from './grid.ts'
import { type BenchResult, mean } from './result.ts'
import { m3bsrSettings, sasrecSettings } from './tuned.ts'

const folder = join('runs', 'shop-data')
const raw = join(folder, 'raw')
const data = join(folder, 'prepared')
const seeds = seedsAsked()

const m3bsr = (name: string, options: Readonly<Record<string, unknown>> = {}): Variant => ({
  name,
  model: 'm3bsr',
  config: { ...m3bsrSettings.shop.config, ...options },
  training: m3bsrSettings.shop.training,
})

const sasrec: Variant = { name: 'SASRec', model: 'sasrec', ...sasrecSettings.shop }
const shared = { runs: 'shop', data, protocol: 'leave-one-out', seeds } as const

const grid: Grid = {
  ...shared,
  name: 'shop',
  title: 'The simulated shop',
  command: 'npm run -s bench -- shop',
  reference: 'SASRec',
  variants: [sasrec, m3bsr('M³BSR'), { name: 'popularity', model: 'popularity' }, { name: 'item-kNN', model: 'item-knn' }],
}
const ablations: Grid = {
  ...shared,
  name: 'shop-ablations',
  title: 'The simulated shop, without each denoiser',
  command: 'npm run -s bench -- shop ablations',
  reference: 'M³BSR',
  variants: [m3bsr('M³BSR'), m3bsr('w/o CDMD-M', { withoutModalityDenoising: true }), m3bsr('w/o CDMD-B', { withoutBehaviorDenoising: true })],
}

const readings: Grid = {
  ...shared,
  name: 'shop-readings',
  title: 'The simulated shop, other readings of the denoising',
  command: 'npm run -s bench -- shop readings',
  reference: 'M³BSR',
  variants: [
    m3bsr('M³BSR'),
    m3bsr('literal R-M8', { reconstruction: 'literal', lambdaBehavior: 0.1 }),
    m3bsr('stateTerm', { stateTerm: true, lambdaBehavior: 0.3, lambdaModality: 0.1 }),
    m3bsr('timeEmbedding', { timeEmbedding: true }),
  ],
}

/** Means over three seeds of M³BSR's and SASRec's test NDCG@10, and of the AUC. */
export async function shop(): Promise<BenchResult> {
  if (!existsSync(raw)) await simulateShop(raw)
  if (!existsSync(data)) {
    const files = { events: join(raw, 'events.csv'), items: join(raw, 'items.csv'), mapping: join(raw, 'shop.yaml') }
    await prepareDataset({ ...files, out: data, features: localFeatures() })
  }
  if (process.argv.includes('ablations')) return compare(ablations)
  if (process.argv.includes('readings')) return compare(readings)
  const rows = await runGrid(grid)
  const figure = (name: string) =>
    rows.find(({ variant }) => variant === name)?.['ndcg@10'] ?? { mean: Number.NaN, low: Number.NaN, high: Number.NaN }
  const [ours, peer] = [figure('M³BSR'), figure('SASRec')]
  const aucs = await aucOf('M³BSR')
  const settings = { seeds, ours, peer, auc: { mean: mean(aucs), values: aucs }, table: 'docs/results/shop.md' }
  return { name: 'shop', ours: ours.mean, peer: peer.mean, ratio: ours.mean / peer.mean, unit: 'NDCG@10', settings }
}

/** What each variant does to NDCG@10 and to the AUC, beside the whole model. */
async function compare(variants: Grid): Promise<BenchResult> {
  const rows = await runGrid(variants)
  const found: Record<string, unknown> = {}
  for (const row of rows) {
    const denoises = row.variant !== 'w/o CDMD-B'
    found[row.variant] = { ndcg10: row['ndcg@10'], ...(denoises && { auc: mean(await aucOf(row.variant)) }) }
  }
  const [whole, without] = rows as [Row, Row]
  const [ours, peer] = [whole['ndcg@10'].mean, without['ndcg@10'].mean]
  return { name: 'shop', ours, peer, ratio: ours / peer, unit: `NDCG@10, M³BSR over ${without.variant}`, settings: { seeds, variants: found } }
}

/** The AUC with which each seed's click denoising ranks the planted accidental clicks. */
async function aucOf(variant: string): Promise<number[]> {
  const [dataset, truth] = [await loadDataset(data), readTruth(raw)]
  const values: number[] = []
  for (const seed of seeds) {
    await using run = await openRun(gridFolder(grid, variant, seed), { dataset })
    values.push((await clickNoise(run, truth))?.auc ?? Number.NaN)
  }
  return values
}
