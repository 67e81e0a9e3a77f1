/** @file SGP4SR without each of its parts (the paper's Table 3), on amazon-scientific and on amazon-baby. */
import type { Experiment, Variant } from '../experiment.ts'
import { amazonComparison, amazonVariant } from './amazon-comparisons.ts'

const ablations: Readonly<Record<string, string>> = {
  'w/o COO': 'withoutCoOccurrence',
  'w/o CGC': 'withoutGraphs',
  'w/o CIP': 'withoutCenters',
  'w/o MUL': 'withoutSeparation',
  'w/o C2C': 'withoutBoth',
}

/** The whole model and its ablations, with the whole model's options. */
const without = (whole: Variant, names: readonly string[]): readonly Variant[] => [
  whole,
  ...names.map((name) => ({ name, model: 'sgp4sr', like: whole.name, config: { [ablations[name] as string]: true } })),
]

/** SGP4SR without each part. */
export const sgp4srAblation: Experiment = {
  name: 'sgp4sr-ablation',
  title: 'SGP4SR without each part',
  about:
    'SGP4SR without co-occurrence, graphs, interest centers, separated streams, and graphs and centers, on amazon-scientific and amazon-baby.',
  comparisons(wanted) {
    const [scientific, baby] = [amazonVariant('scientific', 'sgp4sr'), amazonVariant('baby', 'sgp4sr')]
    const all = Object.keys(ablations)
    return [
      amazonComparison('scientific', wanted, {
        title: 'amazon-scientific',
        reference: scientific.name,
        variants: without(scientific, all),
      }),
      amazonComparison('baby', wanted, {
        // With texts alone there are no streams to keep apart, and w/o MUL is refused.
        title: 'amazon-baby, without w/o MUL, since texts are its only modality',
        reference: baby.name,
        variants: without(
          baby,
          all.filter((name) => name !== 'w/o MUL'),
        ),
      }),
    ]
  },
}
