/** @file Seconds of an epoch and of a prediction (the paper's Table 4), on kuairand-pure. */
import type { TimingExperiment } from '../experiment.ts'
import { sets } from './m3bsr-comparisons.ts'
import { besideLeaders } from './m3bsr-table2.ts'

/** As Table 4 has it: batches of 128, one machine. */
export const m3bsrEfficiency: TimingExperiment = {
  name: 'm3bsr-efficiency',
  title: 'Seconds of an epoch and of a prediction, kuairand-pure',
  about:
    'How long STOSA, MMMLP, EBM and M³BSR take on kuairand-pure’s long views: seconds an epoch in batches of 128, and seconds a prediction. MMMLP trains all places of a window at once (`causal`), not one row a target as published.',
  timed: (wanted) => ({
    dataset: sets.kuairand.dataset(wanted),
    split: { protocol: 'time' },
    variants: besideLeaders(),
    epochs: 4,
    predictions: 200,
    threads: 2,
    batchSize: 128,
  }),
}
