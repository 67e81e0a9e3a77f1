/** @file `npm run -s bench -- shop`: M³BSR, its ablations and the comparisons on the simulated shop, with the AUC of its click denoising. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { clickNoise } from '../src/cli/click-noise.ts'
import { loadDataset } from '../src/data/load.ts'
import { prepareDataset } from '../src/data/prepare.ts'
import { localFeatures } from '../src/features/local.ts'
import { readTruth, simulateShop } from '../src/simulate/shop.ts'
import { openRun } from '../src/train/open-run.ts'
import { type Grid, gridFolder, runGrid, seedsAsked, type Variant } from './grid.ts'
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

const grid: Grid = {
  name: 'shop',
  title: 'The simulated shop',
  command: 'npm run -s bench -- shop',
  data,
  protocol: 'leave-one-out',
  seeds,
  reference: 'SASRec',
  variants: [
    { name: 'SASRec', model: 'sasrec', ...sasrecSettings.shop },
    m3bsr('M³BSR'),
    m3bsr('w/o CDMD-M', { withoutModalityDenoising: true }),
    m3bsr('w/o CDMD-B', { withoutBehaviorDenoising: true }),
    { name: 'popularity', model: 'popularity' },
    { name: 'item-kNN', model: 'item-knn' },
  ],
}

/** Means over three seeds of M³BSR's and SASRec's test NDCG@10, and of the AUC. */
export async function shop(): Promise<BenchResult> {
  if (!existsSync(raw)) await simulateShop(raw)
  if (!existsSync(data)) {
    const files = { events: join(raw, 'events.csv'), items: join(raw, 'items.csv'), mapping: join(raw, 'shop.yaml') }
    await prepareDataset({ ...files, out: data, features: localFeatures() })
  }
  const rows = await runGrid(grid)
  const figure = (name: string) =>
    rows.find(({ variant }) => variant === name)?.['ndcg@10'] ?? { mean: Number.NaN, low: Number.NaN, high: Number.NaN }
  const [ours, peer] = [figure('M³BSR'), figure('SASRec')]
  const aucs = await aucOf('M³BSR')
  const settings = { seeds, ours, peer, auc: { mean: mean(aucs), values: aucs }, table: 'docs/results/shop.md' }
  return { name: 'shop', ours: ours.mean, peer: peer.mean, ratio: ours.mean / peer.mean, unit: 'NDCG@10', settings }
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
