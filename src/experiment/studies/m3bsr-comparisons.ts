/**
 * @file What the studies of M³BSR have in common: three data sets and their splits, what is measured, M³BSR itself and
 * the models it is always beside.
 */
import { kuairandLongViews, mlLatestSmall } from '../data/public-datasets.ts'
import { simulatedShop } from '../data/shop-dataset.ts'
import type { Comparison, DatasetChoice, Variant, Wanted } from '../experiment.ts'
import { m3bsrSettings, sasrecSettings } from './model-settings.ts'

/** How a dataset is split. */
export type SplitProtocol = 'leave-one-out' | 'time'
/** What is measured of every model. */
const metrics: Comparison['metrics'] = ['ndcg@10', 'hr@10', 'ndcg@20', 'hr@20']

/** A data set of M³BSR's studies, by the name of its settings. */
export type M3bsrSet = keyof typeof m3bsrSettings

/** What guesses of hours are made of; docs/benchmarks.md has the films' and kuairand-pure's seconds, measured. */
export const spent =
  'an epoch of M³BSR took 24 s on the films, so some 14 s on the shop, and 3 minutes on kuairand-pure; a training has some 20 epochs on the films, 30 on the shop and 6 on kuairand-pure'

/** What studies call each data set, and what it is. */
export const sets: Readonly<
  Record<M3bsrSet, { readonly title: string; readonly dataset: (wanted: Wanted) => DatasetChoice }>
> = {
  shop: { title: 'Shop', dataset: () => simulatedShop },
  movies: { title: 'Films', dataset: ({ dataRoot }) => mlLatestSmall(dataRoot) },
  kuairand: { title: 'kuairand-pure', dataset: ({ dataRoot }) => kuairandLongViews(dataRoot) },
}

/** A comparison on one of the sets; on the shop with the AUC of click denoising. */
export const compared = (
  wanted: Wanted,
  set: M3bsrSet,
  {
    protocol = 'leave-one-out',
    ...about
  }: Pick<Comparison, 'title' | 'variants'> & Partial<Comparison> & { readonly protocol?: SplitProtocol },
): Comparison => ({
  dataset: sets[set].dataset(wanted),
  split: { protocol },
  metrics,
  ...(set === 'shop' && { measure: 'click auc' }),
  ...about,
})

/** M³BSR with the options of a set, and others laid over them. */
export const m3bsrOn = (
  set: M3bsrSet,
  { name = 'M³BSR', config = {}, training = {} }: Partial<Pick<Variant, 'name' | 'config' | 'training'>> = {},
): Variant => ({
  name,
  model: 'm3bsr',
  config: { ...m3bsrSettings[set].config, ...config },
  training: { ...m3bsrSettings[set].training, ...training },
})

/** SASRec, and SASRec that reads all that M³BSR reads, by the same options. */
export const sasrecs = (set: M3bsrSet): readonly Variant[] => [
  { name: 'SASRec', model: 'sasrec', ...sasrecSettings[set] },
  { name: 'SASRec + behavior + features', model: 'sasrec-bf', ...sasrecSettings[set] },
]
/** The models that have nothing to learn. */
export const countingModels: readonly Variant[] = [
  { name: 'popularity', model: 'popularity' },
  { name: 'item-kNN', model: 'item-knn' },
]
