/**
 * @file ml-latest-small: M³BSR and its ablations beside the comparisons, by leave-one-out and by a global time split.
 */

import { mlLatestSmall } from '../data/public-datasets.ts'
import type { Comparison, Experiment, Variant, Wanted } from '../experiment.ts'
import { countingModels, metrics, type SplitProtocol, sasrecs, titles } from './m3bsr-comparisons.ts'
import { m3bsrSettings } from './model-settings.ts'

const m3bsr: Variant = { name: 'M³BSR', model: 'm3bsr', ...m3bsrSettings.movies }

const comparison = (
  { dataRoot }: Wanted,
  protocol: SplitProtocol,
  about: Pick<Comparison, 'variants'> & { reference: string },
): Comparison => ({
  title: titles[protocol],
  dataset: mlLatestSmall(dataRoot),
  split: { protocol },
  metrics,
  ...about,
})

/** Both protocols, each with tables of its own. */
export const movies: Experiment = {
  name: 'movies',
  title: 'ml-latest-small',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on ml-latest-small, by leave-one-out and by a global time split.',
  comparisons: (wanted) =>
    (['leave-one-out', 'time'] as const).map((protocol) =>
      comparison(wanted, protocol, { reference: 'SASRec', variants: [...sasrecs('movies'), m3bsr, ...countingModels] }),
    ),
}

const ablations: Readonly<Record<string, string>> = {
  'w/o CDMD-M': 'withoutModalityDenoising',
  'w/o CDMD-B': 'withoutBehaviorDenoising',
  'w/o MEIE': 'withoutExperts',
  'w/o shared expert': 'withoutSharedExpert',
  'w/o disentanglement': 'withoutDisentanglement',
}

/** M³BSR without each of its parts. */
export const moviesAblation: Experiment = {
  name: 'movies-ablation',
  title: 'M³BSR without each part, ml-latest-small',
  about: 'M³BSR on ml-latest-small without each denoiser, the experts, the shared expert and the disentanglement.',
  comparisons(wanted) {
    const without = Object.entries(ablations).map(([name, option]) => ({
      name,
      model: 'm3bsr',
      like: m3bsr.name,
      config: { [option]: true },
    }))
    return [comparison(wanted, 'leave-one-out', { reference: m3bsr.name, variants: [m3bsr, ...without] })]
  },
}
