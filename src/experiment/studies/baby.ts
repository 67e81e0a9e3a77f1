/** @file amazon-baby, on the split that SGP4SR's authors published: text for half of the items, and no pictures. */

import { amazonBaby } from '../data/public-datasets.ts'
import type { Experiment } from '../experiment.ts'
import { babySettings } from './model-settings.ts'
import { metrics, nameOf } from './scientific.ts'

/** SASRec, SASRecF (text) and SGP4SR (text and id). */
export const baby: Experiment = {
  name: 'baby',
  title: 'amazon-baby',
  about:
    "SASRec, SASRecF and SGP4SR on amazon-baby's published split, with titles and descriptions by the local encoder and no pictures.",
  comparisons: ({ dataRoot }) => [
    {
      title: 'Models',
      dataset: amazonBaby(dataRoot),
      split: { protocol: 'given' },
      metrics,
      reference: 'SASRec',
      variants: ['sasrec', 'sasrecf', 'sgp4sr', 'popularity', 'item-knn'].map((model) => ({
        name: nameOf(model),
        model,
        ...babySettings[model],
      })),
    },
  ],
}
