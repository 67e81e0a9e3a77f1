/** @file Runs an experiment of `siftrec experiment` for a bench. */

import type { ComparisonResult, VariantResult } from '../src/experiment/figures/comparison-result.ts'
import { gridProgress } from '../src/experiment/harness/grid-progress.ts'
import { runExperiment } from '../src/experiment/harness/run-experiment.ts'
import { experimentOf } from '../src/experiment/studies/experiments.ts'

/** Runs an experiment by its name, with the seeds of `--seeds=1,2` if they are given, and returns its comparisons. */
export async function experimentResults(name: string): Promise<readonly ComparisonResult[]> {
  const flag = process.argv.find((argument) => argument.startsWith('--seeds='))
  const seeds = flag?.slice('--seeds='.length).split(',').map(Number)
  const progress = gridProgress(process.stderr, 1)
  const settings = { dataRoot: '../shared/data', out: 'docs/results', jobs: 1, progress, ...(seeds && { seeds }) }
  const experiment = experimentOf(name)
  if (!('comparisons' in experiment)) throw new Error(`${name} is no grid of cells`)
  const outcome = await runExperiment(experiment, settings)
  return outcome.status === 'finished' ? outcome.results : []
}

/** A variant's figures by its name. */
export function variantOf(result: ComparisonResult | undefined, name: string): VariantResult | undefined {
  return result?.variants.find(({ variant }) => variant === name)
}

/** Each variant's test NDCG@10, difference and measure. */
export function briefly({ variants, measure }: ComparisonResult): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    variants.map(({ variant, validation, figures, difference, measures }) => [
      variant,
      {
        validation: validation?.mean,
        ndcg10: figures.full?.['ndcg@10'],
        ...(difference && { [`minus ${difference.against}`]: difference.figures['ndcg@10'] }),
        ...(measure !== undefined && measures.length > 0 && { [measure]: measures }),
      },
    ]),
  )
}
