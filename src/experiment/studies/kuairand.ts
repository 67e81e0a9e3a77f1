/**
 * @file kuairand-pure: the next long view after clicks and long views, by a global time split; no pictures, and texts
 * of tag, author and duration.
 */
import type { Experiment } from '../experiment.ts'
import { besideSasrecs } from './m3bsr-comparisons.ts'

/** M³BSR beside what it is compared with. */
export const kuairand: Experiment = {
  name: 'kuairand',
  title: 'kuairand-pure',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on kuairand-pure, every long view after a cut in time to be predicted.',
  // An epoch of M³BSR takes minutes here.
  seeds: [1],
  comparisons: (wanted) => [besideSasrecs(wanted, 'kuairand', 'time')],
}
