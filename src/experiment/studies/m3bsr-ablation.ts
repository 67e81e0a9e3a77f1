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

type Part = keyof typeof ablations

/** M³BSR whole, and without each of some parts; all by default. */
export const withoutParts = (set: M3bsrSet, parts = Object.keys(ablations) as readonly Part[]): readonly Variant[] => [
  m3bsrOn(set),
  ...parts.map((name) => m3bsrOn(set, { name, config: { [ablations[name]]: true } })),
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
