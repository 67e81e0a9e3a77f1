/**
 * @file The studies of clicks that `diff-msin-table2`, `-table3`, `-table4`, `-modalities`, `-experts`, `-steps`,
 * `-weights` and `-sources` replace; they stay until those have been run.
 */
import { locallyReadScientific, meaninglessScientific } from '../data/public-datasets.ts'
import type { DatasetChoice, Experiment } from '../experiment.ts'
import {
  alone,
  backbones,
  clickSets,
  clicksOn,
  type NamedOptions,
  picturedSets,
  plugged,
  whole,
} from './diff-msin-comparisons.ts'
import { withoutExperts, withoutModalities, withoutModules } from './diff-msin-parts.ts'

/** Five models beside Diff-MSIN on DIN. */
export const ctr: Experiment = {
  name: 'ctr',
  title: 'Clicks',
  about:
    'LR, FM, DeepFM, YoutubeNet, DIN and Diff-MSIN on DIN: kuairand-pure (was a shown video clicked), ml-latest-small (was a rated film rated 4 or more) and amazon-scientific (was it the next item, or one drawn).',
  comparisons: (wanted) =>
    clickSets.map((set) => {
      const others = ['lr', 'fm', 'deepfm', 'youtube-net', 'din'].map((model) => alone(model, set))
      return clicksOn(wanted, set, { reference: 'DIN', variants: [...others, plugged('din', set)] })
    }),
}

/** Each backbone alone and under Diff-MSIN. */
export const ctrBackbones: Experiment = {
  name: 'ctr-backbones',
  title: 'Clicks, by behavior model',
  about: 'DIN, DPN, ETA and TWIN, each alone and under Diff-MSIN, on the three data sets.',
  comparisons: (wanted) =>
    clickSets.map((set) => {
      const variants = backbones.flatMap((backbone) => {
        const bare = alone(backbone, set)
        return [bare, { ...plugged(backbone, set), against: bare.name }]
      })
      return clicksOn(wanted, set, { reference: 'DIN', variants })
    }),
}

/** Diff-MSIN without each of its parts. */
export const diffMsinAblation: Experiment = {
  name: 'diff-msin-ablation',
  title: 'Diff-MSIN without each part',
  about:
    'Diff-MSIN on DIN without its modules, without a modality, and without an expert, on the two data sets with pictures.',
  comparisons: (wanted) =>
    picturedSets.map((set) =>
      clicksOn(wanted, set, whole(set, { ...withoutModules, ...withoutModalities, ...withoutExperts })),
    ),
}

const sweep: NamedOptions = {
  ...Object.fromEntries([1, 5, 20, 50].map((steps) => [`T = ${steps}`, { steps }])),
  ...Object.fromEntries([0, 0.001, 0.1, 0.3].flatMap((w1) => [0, 0.1].map((w2) => [`w1 ${w1}, w2 ${w2}`, { w1, w2 }]))),
}
const sources: Readonly<Record<string, (root: string) => DatasetChoice>> = {
  'texts by the local encoder': locallyReadScientific,
  'random vectors': meaninglessScientific,
}

/** Diff-MSIN by T, by w1 and w2, and by where its vectors come from. */
export const diffMsinSweep: Experiment = {
  name: 'diff-msin-sweep',
  title: 'Diff-MSIN by its options',
  about:
    'Diff-MSIN on DIN by the number of steps T, the weights w1 and w2, and the source of its vectors, on amazon-scientific.',
  comparisons(wanted) {
    const { variants, reference } = whole('scientific', sweep)
    const others = Object.entries(sources).map(([name, dataset]) => ({
      name,
      model: 'diff-msin',
      like: reference,
      dataset: dataset(wanted.dataRoot),
    }))
    return [clicksOn(wanted, 'scientific', { reference, variants: [...variants, ...others] })]
  },
}
