/**
 * @file The simulated shop: M³BSR, its denoisers and their readings, beside the comparisons, with the AUC of its click
 * denoising.
 */

import { simulatedShop } from '../data/shop-dataset.ts'
import type { Comparison, Experiment, Variant } from '../experiment.ts'
import { countingModels, metrics, type SplitProtocol, sasrecs, titles } from './m3bsr-comparisons.ts'
import { m3bsrSettings } from './model-settings.ts'

const m3bsr = (name: string, options: Readonly<Record<string, unknown>> = {}): Variant => ({
  name,
  model: 'm3bsr',
  config: { ...m3bsrSettings.shop.config, ...options },
  training: m3bsrSettings.shop.training,
})

const compared = (
  title: string,
  reference: string,
  variants: readonly Variant[],
  protocol: SplitProtocol = 'leave-one-out',
): Comparison => ({
  title,
  dataset: simulatedShop,
  split: { protocol },
  metrics,
  measure: 'click auc',
  reference,
  variants,
})

/**
 * The reading of R-M4 whose denoising finds accidental clicks: the noise taken away is read from the click too, over
 * the paper's 15 steps.
 */
const byState = { stateTerm: true, lambdaBehavior: 1, lambdaModality: 0.1, behaviorSteps: 15 }

const models: readonly Variant[] = [...sasrecs('shop'), m3bsr('M³BSR')]

/** M³BSR beside what it is compared with, by both protocols, each with tables of its own. */
export const shop: Experiment = {
  name: 'shop',
  title: 'The simulated shop',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on a shop with planted noise, by leave-one-out and by a global time split; the AUC tells how well denoising finds accidental clicks.',
  comparisons: () => [
    compared(titles['leave-one-out'], 'SASRec', [...models, m3bsr('M³BSR, stateTerm', byState), ...countingModels]),
    compared(titles.time, 'SASRec', [...models, ...countingModels], 'time'),
  ],
}

/** M³BSR without each denoiser. */
export const shopAblation: Experiment = {
  name: 'shop-ablation',
  title: 'The simulated shop, without each denoiser',
  about: 'M³BSR on the simulated shop with both denoisers, and without each.',
  comparisons: () => [
    compared('Ablations', 'M³BSR', [
      m3bsr('M³BSR'),
      m3bsr('w/o CDMD-M', { withoutModalityDenoising: true }),
      m3bsr('w/o CDMD-B', { withoutBehaviorDenoising: true }),
    ]),
  ],
}

/** M³BSR by other readings of R-M4 and R-M8. */
export const shopReadings: Experiment = {
  name: 'shop-readings',
  title: 'The simulated shop, other readings of the denoising',
  about: 'M³BSR on the simulated shop by other readings of its denoising (R-M4, R-M8).',
  comparisons: () => [
    compared('Readings', 'M³BSR', [
      m3bsr('M³BSR'),
      m3bsr('literal R-M8', { reconstruction: 'literal', lambdaBehavior: 0.1 }),
      m3bsr('stateTerm', { stateTerm: true, lambdaBehavior: 0.3, lambdaModality: 0.1 }),
      m3bsr('stateTerm, 15 steps', byState),
      m3bsr('timeEmbedding', { timeEmbedding: true }),
    ]),
  ],
}
