/** @file Options that validation chose, by model and dataset; docs/benchmarks.md tells how. */

/** One model's options on one dataset. */
interface Tuned {
  readonly config: Readonly<Record<string, unknown>>
  readonly training: Readonly<Record<string, unknown>>
}
type Datasets = 'shop' | 'movies'

/** SASRec's. */
export const sasrecSettings: Readonly<Record<Datasets, Tuned>> = {
  shop: { config: { dropout: 0.2 }, training: { batchSize: 64, epochs: 40, patience: 8 } },
  movies: { config: { dropout: 0.2 }, training: { batchSize: 64, epochs: 25, patience: 6 } },
}
/** M³BSR's. */
export const m3bsrSettings: Readonly<Record<Datasets, Tuned>> = {
  shop: {
    config: {
      modalitySteps: 5,
      behaviorSteps: 5,
      stride: 40,
      userField: false,
      dropout: 0.3,
      auxiliaryTargets: 1,
      embeddingSize: 64,
      lambdaContrast: 0.005,
    },
    training: { batchSize: 32, epochs: 24, patience: 6, learningRate: 2e-3 },
  },
  movies: {
    config: {
      modalitySteps: 5,
      behaviorSteps: 5,
      stride: 40,
      userField: false,
      head: 'free',
      embeddingSize: 64,
      lambdaContrast: 0.005,
      auxiliaryTargets: 1,
    },
    training: { batchSize: 32, epochs: 14, patience: 5, learningRate: 2e-3 },
  },
}
