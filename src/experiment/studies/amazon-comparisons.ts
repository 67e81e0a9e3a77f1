/** @file What the studies on the Amazon sets have in common: the models of SGP4SR's Table 2, and how they are run. */
import { modelOf } from '../../models/registry.ts'
import { amazonBaby, amazonScientific } from '../data/public-datasets.ts'
import type { Comparison, DatasetChoice, Variant, Wanted } from '../experiment.ts'
import type { OptionSet } from '../terms.ts'
import { babySettings, scientificSettings, triesOf } from './model-settings.ts'

type AmazonSet = 'scientific' | 'baby'
const sets: Readonly<
  Record<
    AmazonSet,
    { readonly dataset: (root: string) => DatasetChoice; readonly settings: Readonly<Record<string, OptionSet>> }
  >
> = {
  scientific: { dataset: amazonScientific, settings: scientificSettings },
  baby: { dataset: amazonBaby, settings: babySettings },
}

/** A model as it is run on one of the sets, with the options that are tried. */
export function amazonVariant(set: AmazonSet, model: string): Variant {
  const tune = triesOf(model)
  return { name: modelOf(model).title, model, ...sets[set].settings[model], ...(tune && { tune }) }
}

/** A comparison on a set's own split, every item ranked. */
export const amazonComparison = (
  set: AmazonSet,
  { dataRoot }: Wanted,
  about: Pick<Comparison, 'title' | 'variants'> & { readonly reference?: string },
): Comparison => ({
  dataset: sets[set].dataset(dataRoot),
  split: { protocol: 'given' },
  metrics: ['ndcg@10', 'hr@10', 'ndcg@50', 'hr@50'],
  ...about,
})

const tables: Readonly<Record<string, readonly string[]>> = {
  // In its order, then what is counted.
  "SGP4SR's Table 2": [
    'bert4rec',
    'sasrec',
    'fdsa',
    'unisrec',
    'sasrecf',
    'mmmlp',
    'missrec',
    'iisan-last',
    'hm4sr',
    'sgp4sr',
    'popularity',
    'item-knn',
  ],
  // Sequential models that other papers compare with, beside what all are measured against.
  'Other models': ['sasrec', 'stosa', 'ssdrec', 'mmsbr', 'm3srec', 'cmclrec', 'gru4rec'],
}

/** The models of SGP4SR's Table 2, and others, with one budget of tuning for all. */
export const amazonTables = (set: AmazonSet, wanted: Wanted): readonly Comparison[] =>
  Object.entries(tables).map(([title, models]) =>
    amazonComparison(set, wanted, {
      title,
      reference: 'SASRec',
      variants: models.map((model) => amazonVariant(set, model)),
    }),
  )
