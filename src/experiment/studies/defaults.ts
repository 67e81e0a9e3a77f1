/**
 * @file What `siftrec train` does without an option, beside options that were tuned: the data sets of other studies,
 * whose tuned cells these are.
 */
import { modelOf } from '../../models/registry.ts'
import type { Comparison, Experiment, Variant, Wanted } from '../experiment.ts'
import type { OptionSet } from '../terms.ts'
import { baby } from './baby.ts'
import { ctr } from './click-prediction.ts'
import {
  compared,
  countingModels,
  type M3bsrSet,
  m3bsrOn,
  type SplitProtocol,
  sasrecs,
  sets,
} from './m3bsr-comparisons.ts'
import { sgp4srSettings, sgp4srTries } from './model-settings.ts'
import { scientific } from './scientific.ts'

/** A data set as another study has it, and the models whose defaults are judged there. */
interface Judged {
  readonly title: string
  /** Its data set, split and tuned variants are taken. */
  readonly asked: (wanted: Wanted) => Comparison
  readonly models: readonly string[]
  /** Options of models that the study does not train. */
  readonly own?: Readonly<Record<string, OptionSet>>
}
const firstOf =
  (study: Experiment): Judged['asked'] =>
  (wanted) =>
    study.comparisons(wanted)[0] as Comparison
/** A data set of M³BSR's studies. */
const ofM3bsr =
  (set: M3bsrSet, protocol: SplitProtocol): Judged['asked'] =>
  (wanted) =>
    compared(wanted, set, { title: sets[set].title, protocol, variants: [...sasrecs(set), m3bsrOn(set)] })

const judged: readonly Judged[] = [
  { title: 'amazon-scientific', asked: firstOf(scientific), models: ['sasrec', 'sgp4sr'] },
  { title: 'amazon-baby', asked: firstOf(baby), models: ['sasrec', 'sgp4sr'] },
  {
    title: 'ml-latest-small',
    asked: ofM3bsr('movies', 'leave-one-out'),
    models: ['sasrec', 'm3bsr', 'sgp4sr'],
    own: { sgp4sr: sgp4srSettings.movies },
  },
  {
    title: 'kuairand-pure',
    asked: (wanted) => ({ ...ofM3bsr('kuairand', 'time')(wanted), seeds: [1] }),
    models: ['sasrec', 'm3bsr'],
  },
  {
    title: 'the simulated shop',
    asked: ofM3bsr('shop', 'leave-one-out'),
    models: ['sasrec', 'm3bsr', 'sgp4sr'],
    own: { sgp4sr: sgp4srSettings.shop },
  },
]

const byDefault = (model: string): Variant => ({ name: modelOf(model).title, model, defaults: true })

/** Each model by its defaults and tuned, and the models that only count. */
function besideTuned({ title, asked, models, own = {} }: Judged, wanted: Wanted): Comparison {
  const { reference: _, ...first } = asked(wanted)
  const variants = models.flatMap((model): Variant[] => {
    const usual = byDefault(model)
    const studied = first.variants.find((variant) => variant.model === model)
    const tuned = studied ?? { model, ...own[model], tune: sgp4srTries }
    const name = `${usual.name}, tuned`
    return [
      { ...usual, against: name },
      { ...tuned, name },
    ]
  })
  return { ...first, title, variants: [...variants, ...countingModels, { name: 'last item', model: 'last-item' }] }
}

/** Models of clicks by their defaults: whether their probabilities are worth more than a constant. */
const ofClicks = (wanted: Wanted): Comparison[] =>
  ctr.comparisons(wanted).map((comparison) => {
    const variants = ['din', 'deepfm', 'diff-msin'].map(byDefault)
    return { ...comparison, title: `${comparison.title}, clicks`, variants, reference: modelOf('din').title }
  })

/** Default options on every data set. */
export const defaults: Experiment = {
  name: 'defaults',
  title: 'Default options',
  about:
    'SASRec, M³BSR and SGP4SR as siftrec train has them without an option, beside their tuned options and the models that only count, on five data sets; DIN, DeepFM and Diff-MSIN by their defaults on three sets of clicks.',
  comparisons: (wanted) => [...judged.map((one) => besideTuned(one, wanted)), ...ofClicks(wanted)],
}
