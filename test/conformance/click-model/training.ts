/** @file The smallest training of a model of clicks: Adam over random batches, without validation. */

import { clickParameters, clickTrainingGraph } from '../../../src/learn/click-task.ts'
import { noisePools } from '../../../src/learn/noise-pools.ts'
import { applyGradients, initialParameters, type ParameterState } from '../../../src/learn/parameters.ts'
import { compileStep, stepGraph, type TrainingStep } from '../../../src/learn/step.ts'
import type { ClickModel } from '../../../src/models/contract/click-model.ts'
import type { Noise } from '../../../src/nn/noise.ts'
import { randomStream } from '../../../src/random/stream.ts'
import type { SmallShop } from './catalog.ts'
import { fillSamples, type Sample } from './planted.ts'

/** Samples of one batch, and the length of their histories. */
interface Shape {
  readonly rows: number
  readonly length: number
}

const pools = noisePools(1)

/** A compiled step over batches of samples. */
export function stepOf(
  model: ClickModel,
  { frozen }: SmallShop,
  { shape, state, seed }: { shape: Shape; state: ParameterState; seed: number },
): Promise<TrainingStep<readonly Sample[]>> {
  const step = stepGraph({ train: (sizes: Shape, noise: Noise) => clickTrainingGraph(model, sizes, noise) }, shape)
  return compileStep({
    model: { fill: (samples: readonly Sample[], { length }: Shape, buffers) => fillSamples(samples, length, buffers) },
    step,
    state,
    frozen,
    pools,
    seed,
    runtime: { threads: 1 },
  })
}

/** Trains from the seed's first values, on batches of 64. */
export async function trainOn(
  model: ClickModel,
  shop: SmallShop,
  samples: readonly Sample[],
  { steps, learningRate, seed }: { steps: number; learningRate: number; seed: number },
): Promise<ParameterState> {
  const rows = 64
  const state = initialParameters(clickParameters(model), seed)
  await using step = await stepOf(model, shop, { shape: { rows, length: 6 }, state, seed })
  const stream = randomStream(seed, 'batches')
  for (let at = 0; at < steps; at++) {
    const batch = Array.from({ length: rows }, () => samples[stream.integer(samples.length)] as Sample)
    await step.run(batch, at)
    applyGradients(state, step.gradients, { learningRate })
  }
  return state
}

/** First values with some noise: zeros hide much. */
export function livenedState(model: ClickModel): ParameterState {
  const state = initialParameters(clickParameters(model), 1)
  for (const [name, { values }] of state.buffers)
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + 0.1 * Math.sin(at + name.length)
  return state
}
