/** @file amazon-baby, on the split that SGP4SR's authors published: text for half of the items, and no pictures. */
import type { Experiment } from '../experiment.ts'
import { amazonTables } from './amazon-comparisons.ts'

/** The models of SGP4SR's Table 2, and others, with one budget of tuning for all. */
export const baby: Experiment = {
  name: 'baby',
  title: 'amazon-baby',
  about:
    "The ten models of SGP4SR's Table 2, and others, on amazon-baby's published split, with titles and descriptions by the local encoder and no pictures.",
  comparisons: (wanted) => amazonTables('baby', wanted),
}
