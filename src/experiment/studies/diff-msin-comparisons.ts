/**
 * @file What the studies of Diff-MSIN have in common: three data sets of clicks, what is measured, each model with the
 * options that are tried, and Diff-MSIN itself.
 */
import { modelOf } from '../../models/registry.ts'
import { amazonScientific, kuairandPure, mlLatestSmall } from '../data/public-datasets.ts'
import type { Comparison, DatasetChoice, Variant, Wanted } from '../experiment.ts'
import { type ClickSet, clickSettings, clickTries } from './model-settings.ts'

/** What studies call each data set, and what it is. */
export const sets: Readonly<
  Record<ClickSet, { readonly title: string; readonly dataset: (root: string) => DatasetChoice }>
> = {
  kuairand: { title: 'kuairand-pure', dataset: kuairandPure },
  movies: { title: 'ml-latest-small', dataset: mlLatestSmall },
  scientific: { title: 'amazon-scientific', dataset: amazonScientific },
}
/** Their names. */
export const clickSets = Object.keys(sets) as readonly ClickSet[]
/** Those that have pictures. */
export const picturedSets: readonly ClickSet[] = clickSets.filter((set) => set !== 'kuairand')

/** The behavior models that Diff-MSIN is plugged on, in the order of the paper's section 4.1.4. */
export const backbones = ['din', 'dpn', 'eta', 'twin'] as const
/** One of them. */
export type Backbone = (typeof backbones)[number]

/** What guesses of hours are made of: seconds of one core, measured. */
export const spent =
  'an epoch of Diff-MSIN on DIN took 12 s on the films and 3.4 s on amazon-scientific, one of EM3 24 and 3.7 s, of DPN 16 s, of other models at most 10 s; kuairand-pure has twice the samples of the films; a training has 4 to 8 epochs there and on the films, and some 20 on amazon-scientific'

/** The options of a model in an ablation or a sweep, by the name it has in tables. */
export type NamedOptions = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** A comparison on one of the sets. */
export const clicksOn = (
  { dataRoot }: Wanted,
  set: ClickSet,
  about: Pick<Comparison, 'variants'> & Partial<Comparison>,
): Comparison => ({
  title: sets[set].title,
  dataset: sets[set].dataset(dataRoot),
  metrics: ['auc', 'gauc', 'log loss', 'calibration'],
  ...about,
})

/** A model as it is run on a set, with the options that are tried. */
export const alone = (model: string, set: ClickSet): Variant => ({
  name: modelOf(model).title,
  model,
  ...clickSettings(model, set),
  tune: clickTries,
})

/** Diff-MSIN on a behavior model, with the options that are tried. */
export function plugged(backbone: Backbone, set: ClickSet): Variant {
  const { config, training } = clickSettings('diff-msin', set)
  const name = `Diff-MSIN + ${modelOf(backbone).title}`
  return { name, model: 'diff-msin', config: { ...config, backbone }, training, tune: clickTries }
}

/** The same with the paper's widths, which the model has by default. */
export function paperWide(backbone: Backbone, set: ClickSet): Variant {
  const { config: { expertSize: _, modalitySize: __, ...config } = {}, ...variant } = plugged(backbone, set)
  return { ...variant, name: `${variant.name}, the paper’s widths`, config }
}

/** Diff-MSIN on DIN, and the same with options of an ablation or a sweep laid over those that validation chose. */
export function whole(
  set: ClickSet,
  options: NamedOptions,
  name = plugged('din', set).name,
): Pick<Comparison, 'variants'> & { readonly reference: string } {
  const variant = { ...plugged('din', set), name }
  const others = Object.entries(options).map(([other, config]) => ({
    name: other,
    model: variant.model,
    like: name,
    config,
  }))
  return { reference: name, variants: [variant, ...others] }
}
