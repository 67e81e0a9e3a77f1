/**
 * @file `npm run -s bench -- scientific`: SASRec on amazon-scientific's own split, its seconds an epoch and its test
 * NDCG@10.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataset } from '../src/dataset/load.ts'
import { evaluate } from '../src/evaluate/evaluate.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { openRun } from '../src/runs/open-run.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { type BenchResult, mean, median } from './result.ts'

/** RecBole 1.2.1 on an idle machine of this kind; stated, not measured in this run. */
const recbole = { secondsPerEpoch: 9.5, ndcg10: 0.0757, recall10: 0.1407, recall50: 0.2842, ndcg50: 0.107 }
const seeds = [1, 2, 3]
const training = { epochs: 28, batchSize: 128, learningRate: 1e-3, threads: 2 }

/** Median seconds an epoch over three seeds, and the mean test figures of their best epochs by validation. */
export async function scientific(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'scientific-'))
  try {
    const data = join(folder, 'data')
    await prepareDataset({
      source: 'recbole',
      input: '../shared/data/amazon-scientific',
      mapping: { candidates: 'all' },
      out: data,
    })
    const dataset = await loadDataset(data)
    const seconds: number[] = []
    const figures: Record<string, number[]> = { 'ndcg@10': [], 'hr@10': [], 'ndcg@50': [], 'hr@50': [] }
    const epochs: number[] = []
    for (const seed of seeds) {
      const out = join(folder, `run${seed}`)
      const { best } = await trainRun({
        model: 'sasrec',
        asGiven: true,
        dataset,
        out,
        training: { ...training, seed },
        report: (event) => event.kind === 'epoch' && seconds.push(event.seconds),
      })
      epochs.push(best?.epoch ?? 0)
      await using run = await openRun(out, { dataset })
      const { slices } = await evaluate(run.scorer, dataset, run.split, {
        part: 'test',
        seed: 1,
        ks: [10, 50],
        slices: [],
        sampled: false,
        intervals: false,
      })
      for (const [name, values] of Object.entries(figures)) values.push(slices.all.full[name]?.mean ?? Number.NaN)
    }
    const ours = median(seconds)
    const test = Object.fromEntries(
      Object.entries(figures).map(([name, values]) => [name, { mean: mean(values), values }]),
    )
    const settings = {
      ...training,
      hiddenSize: 64,
      seeds,
      bestEpochs: epochs,
      test,
      peer: 'RecBole 1.2.1, stated',
      recbole,
    }
    return {
      name: 'scientific',
      ours,
      peer: recbole.secondsPerEpoch,
      ratio: ours / recbole.secondsPerEpoch,
      unit: 's/epoch',
      settings,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
