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

const models: readonly Variant[] = [...sasrecs('shop'), m3bsr('M³BSR')]

/** M³BSR beside what it is compared with, by both protocols, each with tables of its own. */
export const shop: Experiment = {
  name: 'shop',
  title: 'The simulated shop',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on a shop with planted noise, by leave-one-out and by a global time split; the AUC tells how well denoising finds accidental clicks.',
  comparisons: () =>
    (['leave-one-out', 'time'] as const).map((protocol) =>
      compared(titles[protocol], 'SASRec', [...models, ...countingModels], protocol),
    ),
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
      m3bsr('without stateTerm', { stateTerm: false, lambdaBehavior: 0.02, lambdaModality: 0.02 }),
      m3bsr('literal R-M8', { reconstruction: 'literal' }),
      m3bsr('5 steps', { behaviorSteps: 5 }),
      m3bsr('timeEmbedding', { timeEmbedding: true }),
    ]),
  ],
}
