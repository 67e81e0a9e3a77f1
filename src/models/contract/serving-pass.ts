/** @file The pass of a served model: no noise, scheduled scalars at their last value, nothing handed back. */
import { catalogLoss } from '../../nn/catalog-loss.ts'
import { noNoise } from '../../nn/noise.ts'
import { scalar } from '../../tensor/node.ts'
import type { Pass } from './model.ts'

/** See {@link Pass}. */
export const servingPass: Pass = {
  training: false,
  noise: noNoise,
  scheduled: (_, { serving }) => scalar(serving),
  catalogLoss,
  observe: () => undefined,
}
