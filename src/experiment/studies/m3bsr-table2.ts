/** @file M³BSR beside the models of its paper's Table 2, on three data sets, each protocol with tables of its own. */
import { modelOf } from '../../models/registry.ts'
import type { Experiment, Variant } from '../experiment.ts'
import {
  compared,
  countingModels,
  type M3bsrSet,
  m3bsrOn,
  type SplitProtocol,
  sasrecs,
  sets,
  spent,
} from './m3bsr-comparisons.ts'
import { besideM3bsrSettings } from './model-settings.ts'

/** The paper's Table 2 in its order but for M³BSR. */
const published = {
  sequential: ['gru4rec', 'sasrec', 'bert4rec', 'stosa', 'ssdrec'],
  'multi-modal': ['missrec', 'mmsbr', 'mmmlp', 'm3srec', 'cmclrec'],
  'multi-behavior': ['nmtr', 'dipn', 'sgdl', 'mb-str', 'kmclr', 'ebm'],
}

/** A model of Table 2 as it is run on a data set. */
const tableTwoVariant = (model: string, set: M3bsrSet): Variant =>
  model === 'sasrec'
    ? (sasrecs(set)[0] as Variant)
    : { name: modelOf(model).title, model, ...besideM3bsrSettings(model, set) }

/** M³BSR on kuairand-pure beside those of its paper's Tables 3 and 4. */
export const besideLeaders = (): readonly Variant[] => [
  ...['stosa', 'mmmlp', 'ebm'].map((model) => tableTwoVariant(model, 'kuairand')),
  m3bsrOn('kuairand'),
]

/** By which protocols each data set is split, and with which seeds; three where nothing else is said. */
const asked: readonly { readonly set: M3bsrSet; readonly protocol: SplitProtocol; readonly seeds?: number[] }[] = [
  { set: 'shop', protocol: 'leave-one-out' },
  { set: 'shop', protocol: 'time' },
  { set: 'movies', protocol: 'leave-one-out' },
  { set: 'movies', protocol: 'time' },
  // An epoch takes minutes here.
  { set: 'kuairand', protocol: 'time', seeds: [1] },
]
const titleOf = (set: M3bsrSet, protocol: SplitProtocol): string => `${sets[set].title} by ${protocol}`

/** M³BSR, the models of Table 2, SASRec with all that M³BSR reads, and the models that only count. */
export const m3bsrTable2: Experiment = {
  name: 'm3bsr-table2',
  title: 'M³BSR beside the models of its Table 2',
  about:
    'The sixteen models of M³BSR’s Table 2 in its order, SASRec with behavior and features, popularity and item-kNN, on the simulated shop, ml-latest-small and kuairand-pure (the next long view), by leave-one-out and by a global time split.',
  // Measured for eight of the models, 18 hours; the other seven that are trained are taken to be like them.
  guess: { hours: 34, from: `eight of the fifteen trained models, the others taken to be like them; ${spent}` },
  comparisons: (wanted) =>
    asked.map(({ set, protocol, seeds }) => {
      const variants = [
        ...Object.values(published)
          .flat()
          .map((model) => tableTwoVariant(model, set)),
        m3bsrOn(set),
        ...sasrecs(set).slice(1),
        ...countingModels,
      ]
      const about = { title: titleOf(set, protocol), protocol, reference: 'SASRec', variants }
      return compared(wanted, set, { ...about, ...(seeds && { seeds }) })
    }),
  notes: () =>
    'Options: those of SASRec and M³BSR were chosen by validation before and are the same for both protocols. Every other trained model has the same budget: two option sets, tried with the first seed. They are a dropout of 0.2 and of 0.5, or two learning rates where a model has no dropout. Batches, epochs and patience are SASRec’s. GRU4Rec, BERT4Rec and MB-STR have more epochs. Models that train with one row a target, such as MISSRec, have fewer, since each epoch has some 25 times as many rows. SGDL has larger batches, and on kuairand-pure matrix factorization in place of LightGCN.',
}
