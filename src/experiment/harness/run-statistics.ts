/** @file Runs an experiment that tells what data sets are: prepares each, counts it and writes the page. */
import { join } from 'node:path'
import { loadDataset } from '../../dataset/load.ts'
import type { DataExperiment } from '../experiment.ts'
import { type DatasetStatistics, statisticsOf, statisticsPlot, statisticsTable } from '../figures/dataset-statistics.ts'
import { writePageFiles } from '../figures/page-files.ts'
import { rounded } from '../figures/results.ts'
import { preparedDataset } from './dataset-recipe.ts'

/** Where data sets lie, and where results go. */
export interface RunPlace {
  readonly dataRoot: string
  readonly out: string
  /** Folder of prepared datasets and cells; `runs/experiments` by default. */
  readonly runs?: string
  readonly say: (line: string) => void
}

/** Counts the data sets of an experiment and writes NAME.json, NAME.md and NAME.svg. */
export async function runStatistics(
  { name, title, about, datasets }: DataExperiment,
  { dataRoot, out, runs = join('runs', 'experiments'), say }: RunPlace,
): Promise<{ page: string; files: string[] }> {
  const sets: DatasetStatistics[] = []
  for (const { label, recipe } of datasets({ dataRoot })) {
    const { folder } = await preparedDataset(recipe(1), join(runs, 'data'), say)
    sets.push(statisticsOf(label, await loadDataset(folder)))
  }
  return writePageFiles(out, {
    experiment: { name, title, about },
    table: statisticsTable(sets),
    numbers: { datasets: sets.map(withRoundedMeans) },
    plot: statisticsPlot(title, sets),
  })
}

const withRoundedMeans = ({ meanOf, ...one }: DatasetStatistics): unknown => ({
  ...one,
  meanLength: rounded(one.meanLength),
  sparsity: rounded(one.sparsity),
  withImage: rounded(one.withImage),
  withText: rounded(one.withText),
  meanOf: Object.fromEntries(Object.entries(meanOf).map(([name, mean]) => [name, rounded(mean)])),
})
