/** @file Users with few events (the paper's Table 3), of the cells of `m3bsr-table2` on kuairand-pure. */
import type { Experiment } from '../experiment.ts'
import { compared, spent } from './m3bsr-comparisons.ts'
import { besideLeaders } from './m3bsr-table2.ts'

/** Targets of users with at most ten earlier events, beside all targets. */
export const m3bsrColdStart: Experiment = {
  name: 'm3bsr-cold-start',
  title: 'Users with few events, kuairand-pure',
  about:
    'STOSA, MMMLP, EBM and M³BSR on kuairand-pure’s long views by a global time split: targets of users with at most ten earlier events, and all targets.',
  guess: { hours: 4, from: `${spent}; one seed of each is a cell of m3bsr-table2` },
  comparisons(wanted) {
    const about = { protocol: 'time', reference: 'M³BSR', variants: besideLeaders() } as const
    return [
      compared(wanted, 'kuairand', { title: 'Cold start', slice: 'coldStart', ...about }),
      compared(wanted, 'kuairand', { title: 'All targets', ...about }),
    ]
  },
}
