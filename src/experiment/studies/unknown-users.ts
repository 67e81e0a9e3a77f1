/**
 * @file Users that training never met: what their probabilities gain where a share of the known ids is read as unknown
 * while training.
 */
import { kuairandPure, mlLatestSmall } from '../data/public-datasets.ts'
import type { Comparison, DatasetChoice, Experiment, Variant } from '../experiment.ts'
import { type ClickSet, clickSettings } from './model-settings.ts'

const models = { din: 'DIN', deepfm: 'DeepFM' } as const
/** The share that is tried beside none. */
const share = 0.3

/** A model with and without hidden ids. */
const shares = (slug: keyof typeof models, set: ClickSet): Variant[] => {
  const { config, training } = clickSettings(slug, set)
  const of = (unknownShare: number): Variant => ({
    name: `${models[slug]} share ${unknownShare}`,
    model: slug,
    config,
    training: { ...training, unknownShare },
  })
  return [of(0), { ...of(share), against: of(0).name }]
}

interface Tried {
  readonly title: string
  readonly dataset: DatasetChoice
  readonly variants: readonly Variant[]
  readonly seeds?: readonly number[]
}

/** One table of the users that training met, and one of the others. */
const byUsers = ({ title, ...tried }: Tried): Comparison[] =>
  (['unknownUsers', 'knownUsers'] as const).map((slice) => ({
    title: `${title}, ${slice === 'unknownUsers' ? 'unknown users' : 'known users'}`,
    ...tried,
    metrics: ['log loss', 'auc', 'gauc', 'calibration'],
    slice,
  }))

/** DIN and DeepFM by the share of users whose id is hidden from a step. */
export const unknownUsers: Experiment = {
  name: 'unknown-users',
  title: 'Users that training never met',
  about:
    'DIN and DeepFM with a share of the users read as unknown in each training step (unknownShare), on ml-latest-small and kuairand-pure: figures of the users that training met, and of the others.',
  comparisons: ({ dataRoot }) => [
    ...byUsers({
      title: 'ml-latest-small',
      dataset: mlLatestSmall(dataRoot),
      variants: [...shares('din', 'movies'), ...shares('deepfm', 'movies')],
    }),
    ...byUsers({
      title: 'kuairand-pure',
      dataset: kuairandPure(dataRoot),
      variants: shares('deepfm', 'kuairand'),
      // An epoch takes ten times as long as on the films.
      seeds: [1],
    }),
  ],
}
