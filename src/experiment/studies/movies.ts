/**
 * @file ml-latest-small: M³BSR and its ablations beside the comparisons, by leave-one-out and by a global time split.
 */
import type { Experiment } from '../experiment.ts'
import { withoutParts } from './m3bsr-ablation.ts'
import { besideSasrecs, compared, titles } from './m3bsr-comparisons.ts'

/** Both protocols, each with tables of its own. */
export const movies: Experiment = {
  name: 'movies',
  title: 'ml-latest-small',
  about:
    'M³BSR, SASRec alone and with behavior and features, item-kNN and popularity on ml-latest-small, by leave-one-out and by a global time split.',
  comparisons: (wanted) => [besideSasrecs(wanted, 'movies', 'leave-one-out'), besideSasrecs(wanted, 'movies', 'time')],
}

/** M³BSR without each of its parts. */
export const moviesAblation: Experiment = {
  name: 'movies-ablation',
  title: 'M³BSR without each part, ml-latest-small',
  about: 'M³BSR on ml-latest-small without each denoiser, the experts, the shared expert and the disentanglement.',
  comparisons: (wanted) => [
    compared(wanted, 'movies', {
      title: titles['leave-one-out'],
      reference: 'M³BSR',
      variants: withoutParts('movies'),
    }),
  ],
}
