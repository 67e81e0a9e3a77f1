/**
 * @file Users that training never met: what their probabilities gain where a share of the known ids is read as unknown
 * while training.
 */
import { kuairandPure, mlLatestSmall } from '../data/public-datasets.ts'
import type { Comparison, DatasetChoice, Experiment, Variant } from '../experiment.ts'
import { type ClickSet, clickSettings } from './model-settings.ts'

const models = { din: 'DIN', deepfm: 'DeepFM' } as const
const tried = [0.1, 0.3, 0.6]

/** A model with each share of hidden ids, beside itself with none. */
const shares = (slug: keyof typeof models, set: ClickSet): Variant[] => {
  const { config, training } = clickSettings(slug, set)
  const name = (share: number): string => `${models[slug]} share ${share}`
  return [0, ...tried].map((share) => ({
    name: name(share),
    model: slug,
    config,
    training: { ...training, unknownShare: share },
    ...(share > 0 && { against: name(0) }),
  }))
}

interface Tried {
  readonly title: string
  readonly dataset: DatasetChoice
  readonly variants: readonly Variant[]
}

/** One table of the users that training met, and one of the others. */
const byUsers = ({ title, dataset, variants }: Tried): Comparison[] =>
  (['unknownUsers', 'knownUsers'] as const).map((slice) => ({
    title: `${title}, ${slice === 'unknownUsers' ? 'unknown users' : 'known users'}`,
    dataset,
    metrics: ['log loss', 'auc', 'gauc', 'calibration'],
    slice,
    variants,
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
    }),
  ],
}
