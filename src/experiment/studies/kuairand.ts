/**
 * @file kuairand-pure: the next long view after clicks and long views, by a global time split; no pictures, and texts
 * of tag, author and duration.
 */

import { kuairandLongViews } from '../data/public-datasets.ts'
import type { Experiment } from '../experiment.ts'
import { countingModels, metrics, sasrecs, titles } from './m3bsr-comparisons.ts'
import { m3bsrSettings } from './model-settings.ts'

/** M³BSR beside what it is compared with. */
export const kuairand: Experiment = {
  name: 'kuairand',
  title: 'kuairand-pure',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on kuairand-pure, every long view after a cut in time to be predicted.',
  // An epoch of M³BSR takes minutes here.
  seeds: [1],
  comparisons: ({ dataRoot }) => [
    {
      title: titles.time,
      dataset: kuairandLongViews(dataRoot),
      split: { protocol: 'time' },
      metrics,
      reference: 'SASRec',
      variants: [
        ...sasrecs('kuairand'),
        { name: 'M³BSR', model: 'm3bsr', ...m3bsrSettings.kuairand },
        ...countingModels,
      ],
    },
  ],
}
