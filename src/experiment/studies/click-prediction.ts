/**
 * @file Click prediction on three data sets: all models, the backbones with and without Diff-MSIN, its ablations and
 * its sweeps.
 */

import {
  amazonScientific,
  kuairandPure,
  locallyReadScientific,
  meaninglessScientific,
  mlLatestSmall,
} from '../data/public-datasets.ts'
import type { Comparison, DatasetChoice, Experiment, Variant, Wanted } from '../experiment.ts'
import { type ClickSet, clickSettings, clickTries } from './model-settings.ts'

const models: Readonly<Record<string, string>> = { lr: 'LR', fm: 'FM', deepfm: 'DeepFM', 'youtube-net': 'YoutubeNet' }
const backbones: Readonly<Record<string, string>> = { din: 'DIN', dpn: 'DPN', eta: 'ETA', twin: 'TWIN' }

/** A data set of clicks: its name in titles, and how its impressions come about. */
interface ClickData {
  readonly title: string
  readonly slug: ClickSet
  readonly dataset: (root: string) => DatasetChoice
}
const sets: readonly ClickData[] = [
  { title: 'kuairand-pure', slug: 'kuairand', dataset: kuairandPure },
  { title: 'ml-latest-small', slug: 'movies', dataset: mlLatestSmall },
  { title: 'amazon-scientific', slug: 'scientific', dataset: amazonScientific },
]

const comparison = (
  { dataRoot }: Wanted,
  { title, dataset }: ClickData,
  about: Pick<Comparison, 'variants'> & { reference: string },
): Comparison => ({
  title,
  dataset: dataset(dataRoot),
  metrics: ['auc', 'gauc', 'log loss', 'calibration'],
  ...about,
})

const alone = (slug: string, name: string, { slug: set }: ClickData): Variant => ({
  name,
  model: slug,
  ...clickSettings(slug, set),
  tune: clickTries,
})
const plugged = (backbone: string, set: ClickData): Variant => {
  const { config, training } = clickSettings('diff-msin', set.slug)
  const options = { config: { ...config, backbone }, training }
  return { name: `Diff-MSIN + ${backbones[backbone]}`, model: 'diff-msin', ...options, tune: clickTries }
}

/** Every model beside Diff-MSIN on DIN (the paper's Table 2). */
export const ctr: Experiment = {
  name: 'ctr',
  title: 'Clicks',
  about:
    'LR, FM, DeepFM, YoutubeNet, DIN and Diff-MSIN on DIN: kuairand-pure (was a shown video clicked), ml-latest-small (was a rated film rated 4 or more) and amazon-scientific (was it the next item, or one drawn).',
  comparisons: (wanted) =>
    sets.map((set) => {
      const others = [...Object.entries(models), ['din', 'DIN'] as const].map(([slug, name]) => alone(slug, name, set))
      return comparison(wanted, set, { reference: 'DIN', variants: [...others, plugged('din', set)] })
    }),
}

/** Each backbone alone and under Diff-MSIN (the paper's Table 3). */
export const ctrBackbones: Experiment = {
  name: 'ctr-backbones',
  title: 'Clicks, by behavior model',
  about: 'DIN, DPN, ETA and TWIN, each alone and under Diff-MSIN, on the three data sets.',
  comparisons: (wanted) =>
    sets.map((set) => {
      const variants = Object.entries(backbones).flatMap(([slug, name]) => [
        alone(slug, name, set),
        { ...plugged(slug, set), against: name },
      ])
      return comparison(wanted, set, { reference: 'DIN', variants })
    }),
}

const ablations: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'w/o MFE': { withoutEnhancement: true },
  'w/o SRC': { withoutSynergy: true },
  'w/o FDAF': { withoutFusion: true },
  'w/o MFE and SRC': { withoutEnhancement: true, withoutSynergy: true },
  'w/o MFE, SRC, FDAF': { withoutEnhancement: true, withoutSynergy: true, withoutFusion: true },
  'w/o pictures': { withoutImage: true },
  'w/o texts': { withoutText: true },
  'w/o the picture’s expert': { withoutPart: 'image' },
  'w/o the text’s expert': { withoutPart: 'text' },
  'w/o the common expert': { withoutPart: 'common' },
  'w/o the synergy’s part': { withoutPart: 'synergy' },
}

const like = (
  set: ClickData,
  options: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Pick<Comparison, 'variants'> & { reference: string } => {
  const whole = plugged('din', set)
  const others = Object.entries(options).map(([name, config]) => ({
    name,
    model: whole.model,
    like: whole.name,
    config,
  }))
  return { reference: whole.name, variants: [whole, ...others] }
}
/** The data sets that have pictures. */
const pictured = sets.filter(({ slug }) => slug !== 'kuairand')

/** Diff-MSIN without each of its parts (the paper's Table 4, Fig. 3 and 4). */
export const diffMsinAblation: Experiment = {
  name: 'diff-msin-ablation',
  title: 'Diff-MSIN without each part',
  about:
    'Diff-MSIN on DIN without its modules, without a modality, and without an expert, on the two data sets with pictures.',
  comparisons: (wanted) => pictured.map((set) => comparison(wanted, set, like(set, ablations))),
}

const sweep: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...Object.fromEntries([1, 5, 20, 50].map((steps) => [`T = ${steps}`, { steps }])),
  ...Object.fromEntries([0, 0.001, 0.1, 0.3].flatMap((w1) => [0, 0.1].map((w2) => [`w1 ${w1}, w2 ${w2}`, { w1, w2 }]))),
}
const scientific = sets.filter(({ slug }) => slug === 'scientific')
const sources: Readonly<Record<string, ClickData['dataset']>> = {
  'texts by the local encoder': locallyReadScientific,
  'random vectors': meaninglessScientific,
}

/** Diff-MSIN by T, by w1 and w2, and by where its vectors come from (section 4.5). */
export const diffMsinSweep: Experiment = {
  name: 'diff-msin-sweep',
  title: 'Diff-MSIN by its options',
  about:
    'Diff-MSIN on DIN by the number of steps T, the weights w1 and w2, and the source of its vectors, on amazon-scientific.',
  comparisons: (wanted) =>
    scientific.map((set) => {
      const { variants, reference } = like(set, sweep)
      const others = Object.entries(sources).map(([name, dataset]) => ({
        name,
        model: 'diff-msin',
        like: reference,
        dataset: dataset(wanted.dataRoot),
      }))
      return comparison(wanted, set, { reference, variants: [...variants, ...others] })
    }),
}

const readings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'fusion printed': { fusion: 'printed' },
  'synergy loss printed': { printedSynergyLoss: true },
  'states sequence': { states: 'sequence' },
}

/** Diff-MSIN by the other readings of what its paper leaves open. */
export const diffMsinReadings: Experiment = {
  name: 'diff-msin-readings',
  title: 'Diff-MSIN by reading',
  about:
    'Diff-MSIN on DIN by the other readings of its equations, on amazon-scientific; whole sequences of states take many times as long.',
  comparisons: (wanted) => scientific.map((set) => comparison(wanted, set, like(set, readings))),
}
