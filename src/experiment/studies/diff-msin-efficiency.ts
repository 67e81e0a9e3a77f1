/** @file Seconds of an epoch and of a prediction (the paper's Table 6), on the films, which have pictures and texts. */
import { modelSlugs } from '../../models/registry.ts'
import type { TimingExperiment } from '../experiment.ts'
import { alone, plugged, sets } from './diff-msin-comparisons.ts'

/** The models that Table 6 has beside Diff-MSIN, where the registry has them. */
const beside = ['simcen', 'em3', 'make'].filter((model) => modelSlugs.includes(model))

/** In batches of 1024, as the paper's section 4.1.3 has it. */
export const diffMsinEfficiency: TimingExperiment = {
  name: 'diff-msin-efficiency',
  title: 'Seconds of an epoch and of a prediction of clicks, ml-latest-small',
  about:
    'How long SimCEN, EM3, MAKE and Diff-MSIN on DIN take on the ratings of ml-latest-small, with its posters and titles: seconds an epoch in batches of 1024, and seconds a prediction for 1,000 candidates.',
  timed: ({ dataRoot }) => ({
    dataset: sets.movies.dataset(dataRoot),
    split: {},
    variants: [...beside.map((model) => alone(model, 'movies')), plugged('din', 'movies')],
    epochs: 4,
    predictions: 200,
    candidates: 1000,
    threads: 2,
    batchSize: 1024,
  }),
}
