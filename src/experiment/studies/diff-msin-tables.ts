/** @file Diff-MSIN beside the models of its paper's Table 2, and on each behavior model of its Table 3. */
import { modelOf, modelSlugs } from '../../models/registry.ts'
import type { Experiment, Variant } from '../experiment.ts'
import {
  alone,
  backbones,
  clickSets,
  clicksOn,
  paperWide,
  picturedSets,
  plugged,
  spent,
} from './diff-msin-comparisons.ts'

/** The paper's Table 2 in its order but for Diff-MSIN. */
const published = {
  'of ids and fields': ['lr', 'fm', 'deepfm', 'youtube-net', 'din'],
  'multi-modal': ['lmf', 'mtfn', 'naml', 'marn', 'gmmf', 'qarm', 'simcen', 'em3', 'make'],
}
/** Those of them that the registry has. */
const built = Object.values(published)
  .flat()
  .filter((model) => modelSlugs.includes(model))

/** The models of Table 2, each compared with Diff-MSIN impression by impression. */
export const diffMsinTable2: Experiment = {
  name: 'diff-msin-table2',
  title: 'Diff-MSIN beside the models of its Table 2',
  about:
    'The models of Diff-MSIN’s Table 2 in its order, and Diff-MSIN on DIN: kuairand-pure (was a shown video clicked), ml-latest-small (was a rated film rated 4 or more) and amazon-scientific (was it the next item, or one drawn).',
  guess: { hours: 7, from: spent },
  comparisons: (wanted) =>
    clickSets.map((set) => {
      const ours = plugged('din', set)
      // An epoch takes three times as long, so not on the largest set.
      const wide = picturedSets.includes(set) ? [paperWide('din', set)] : []
      const variants = [...built.map((model) => alone(model, set)), ours, ...wide]
      return clicksOn(wanted, set, { reference: ours.name, improvedOver: modelOf('lr').title, variants })
    }),
  notes: () =>
    'Every model has the same budget of tuning: two learning rates, 0.001 and 0.0003, tried with the first seed and chosen by the log loss of validation. Batches, epochs and patience are the same for all models on one data set. All other options are the models’ defaults but for widths: on kuairand-pure, where an item has seven fields, embeddings are 8 wide in place of 16; units of DIN are 32 wide in place of 64; Diff-MSIN’s experts are 64 wide and its vectors 32, half of the paper’s and less, but in the row of the paper’s widths. One option of Diff-MSIN, `levelInterest`, was chosen for each data set by validation before, and the other models have no such choice. A difference is the model’s AUC less Diff-MSIN’s. A relative improvement is over LR: Yan et al.’s, and the ratio of the two AUC, less 1, that the paper prints.',
}

/** Each behavior model alone and under Diff-MSIN. */
export const diffMsinTable3: Experiment = {
  name: 'diff-msin-table3',
  title: 'Behavior models alone and under Diff-MSIN',
  about:
    'DIN, DPN, ETA and TWIN, each alone and under Diff-MSIN, on kuairand-pure, ml-latest-small and amazon-scientific.',
  guess: { hours: 3, from: `${spent}; those of DIN are cells of diff-msin-table2` },
  comparisons: (wanted) =>
    clickSets.map((set) => {
      const variants = backbones.flatMap((backbone): Variant[] => {
        const bare = alone(backbone, set)
        return [bare, { ...plugged(backbone, set), against: bare.name }]
      })
      return clicksOn(wanted, set, { variants })
    }),
}
