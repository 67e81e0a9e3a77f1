/** @file amazon-baby, on the split that SGP4SR's authors published: text for half of the items, and no pictures. */

import { amazonBaby } from '../data/public-datasets.ts'
import type { Comparison, Experiment, Variant, Wanted } from '../experiment.ts'
import { babySettings, triesOf } from './model-settings.ts'
import { metrics, nameOf, others, tableTwo } from './scientific.ts'

/** A model as it is run on amazon-baby, with the options that are tried. */
export function babyVariant(model: string): Variant {
  const tune = triesOf(model)
  return { name: nameOf(model), model, ...babySettings[model], ...(tune && { tune }) }
}

/** A comparison on amazon-baby's own split, every item ranked. */
export const babyComparison = (
  { dataRoot }: Wanted,
  about: Pick<Comparison, 'title' | 'variants'> & { reference?: string },
): Comparison => ({
  dataset: amazonBaby(dataRoot),
  split: { protocol: 'given' },
  metrics,
  ...about,
})

/** The models of SGP4SR's Table 2, and others, with one budget of tuning for all. */
export const baby: Experiment = {
  name: 'baby',
  title: 'amazon-baby',
  about:
    "The ten models of SGP4SR's Table 2, and others, on amazon-baby's published split, with titles and descriptions by the local encoder and no pictures.",
  comparisons: (wanted) =>
    Object.entries({ "SGP4SR's Table 2": tableTwo, 'Other models': others }).map(([title, models]) =>
      babyComparison(wanted, { title, reference: 'SASRec', variants: models.map(babyVariant) }),
    ),
}
