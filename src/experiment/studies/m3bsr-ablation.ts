/** @file M³BSR without each of its parts (the paper's Fig. 3), on the shop and the films. */
import type { Experiment, Variant } from '../experiment.ts'
import { compared, type M3bsrSet, m3bsrOn, sets, spent } from './m3bsr-comparisons.ts'

/** The rows of Fig. 3, and the option that leaves each part out. */
const ablations = {
  'w/o CDMD-M': 'withoutModalityDenoising',
  'w/o CDMD-B': 'withoutBehaviorDenoising',
  'w/o MEIE': 'withoutExperts',
  'w/o shared expert': 'withoutSharedExpert',
  'w/o disentanglement': 'withoutDisentanglement',
}

/** M³BSR whole, and without each of its parts. */
const withoutParts = (set: M3bsrSet): readonly Variant[] => [
  m3bsrOn(set),
  ...Object.entries(ablations).map(([name, option]) => m3bsrOn(set, { name, config: { [option]: true } })),
]

/** M³BSR whole, and without each denoiser, the experts, the shared expert and the disentanglement. */
export const m3bsrAblation: Experiment = {
  name: 'm3bsr-ablation',
  title: 'M³BSR without each part',
  about:
    'M³BSR without each denoiser, the experts, the shared expert and the disentanglement, on the simulated shop and ml-latest-small.',
  guess: { hours: 5, from: spent },
  comparisons: (wanted) =>
    (['shop', 'movies'] as const).map((set) =>
      compared(wanted, set, { title: sets[set].title, reference: 'M³BSR', variants: withoutParts(set) }),
    ),
}
