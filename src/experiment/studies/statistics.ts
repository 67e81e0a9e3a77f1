/** @file Table 1 of the three papers, for the data sets of the experiments. */
import {
  amazonBaby,
  amazonScientific,
  kuairandLongViews,
  kuairandPure,
  mlLatestSmall,
} from '../data/public-datasets.ts'
import { simulatedShop } from '../data/shop-dataset.ts'
import type { DataExperiment } from '../experiment.ts'

/** What the papers count of their data sets, counted of ours. */
export const statistics: DataExperiment = {
  name: 'statistics',
  title: 'Data sets',
  about:
    'Users, items and interactions as in Table 1 of Diff-MSIN; with their mean length and sparsity as in SGP4SR; with the events of each behavior a user as in M³BSR.',
  datasets: ({ dataRoot }) => [
    amazonScientific(dataRoot),
    amazonBaby(dataRoot),
    mlLatestSmall(dataRoot),
    kuairandPure(dataRoot),
    kuairandLongViews(dataRoot),
    simulatedShop,
  ],
}
