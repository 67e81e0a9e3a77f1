/**
 * @file The simulated shop: M³BSR, its denoisers and their readings, beside the comparisons, with the AUC of its click
 * denoising.
 */
import type { Experiment } from '../experiment.ts'
import { withoutParts } from './m3bsr-ablation.ts'
import { besideSasrecs, compared, m3bsrOn } from './m3bsr-comparisons.ts'

/** M³BSR beside what it is compared with, by both protocols, each with tables of its own. */
export const shop: Experiment = {
  name: 'shop',
  title: 'The simulated shop',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on a shop with planted noise, by leave-one-out and by a global time split; the AUC tells how well denoising finds accidental clicks.',
  comparisons: (wanted) => [besideSasrecs(wanted, 'shop', 'leave-one-out'), besideSasrecs(wanted, 'shop', 'time')],
}

/** M³BSR without each denoiser. */
export const shopAblation: Experiment = {
  name: 'shop-ablation',
  title: 'The simulated shop, without each denoiser',
  about: 'M³BSR on the simulated shop with both denoisers, and without each.',
  comparisons: (wanted) => [
    compared(wanted, 'shop', {
      title: 'Ablations',
      reference: 'M³BSR',
      variants: withoutParts('shop', ['w/o CDMD-M', 'w/o CDMD-B']),
    }),
  ],
}

const readings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'without stateTerm': { stateTerm: false, lambdaBehavior: 0.02, lambdaModality: 0.02 },
  'literal R-M8': { reconstruction: 'literal' },
  '5 steps': { behaviorSteps: 5 },
  timeEmbedding: { timeEmbedding: true },
}

/** M³BSR by other readings of R-M4 and R-M8. */
export const shopReadings: Experiment = {
  name: 'shop-readings',
  title: 'The simulated shop, other readings of the denoising',
  about: 'M³BSR on the simulated shop by other readings of its denoising (R-M4, R-M8).',
  comparisons(wanted) {
    const others = Object.entries(readings).map(([name, config]) => m3bsrOn('shop', { name, config }))
    return [compared(wanted, 'shop', { title: 'Readings', reference: 'M³BSR', variants: [m3bsrOn('shop'), ...others] })]
  },
}
