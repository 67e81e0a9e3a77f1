/** @file `npm run -s bench -- step`: our SASRec training step over the peer's, alternating runs on the same threads. */

import type { BatchShape, Window } from '../src/models/model.ts'
import { sasrec } from '../src/models/sasrec/sasrec.ts'
import { randomStream } from '../src/random/stream.ts'
import { noisePools } from '../src/train/noise-pools.ts'
import { applyGradients, initialParameters } from '../src/train/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../src/train/step.ts'

const sizes = { batch: 256, length: 50, hidden: 64, heads: 2, layers: 2, items: 7052 }

/** Milliseconds of each of `count` steps, forward, backward and Adam. */
export async function timeSteps(positions: 'last' | 'all', count: number, profile?: string): Promise<number[]> {
  const { batch, length, hidden, heads, layers, items } = sizes
  const catalog = { itemCount: items - 1, userCount: batch, behaviors: ['click'], target: 0, fields: {}, features: {} }
  const config = { hiddenSize: hidden, maxLength: length, stride: length, layers, heads, dropout: 0, auxiliaryTargets: 1 }
  const model = sasrec.build(config, catalog)
  const lastOnly = positions === 'last'
  const shape: BatchShape = { rows: batch, length, targets: lastOnly ? batch : batch * length, lastOnly }
  const state = initialParameters(parametersOf(model, shape), 0)
  const runtime = { threads: 2, ...(profile && { profile }) }
  await using step = await compileStep({ model, step: stepGraph(model, shape), state, frozen: {}, pools: noisePools(0), seed: 0, runtime })
  const random = randomStream(0)
  const item = (): number => 1 + random.integer(items - 1)
  const windows: Window[] = Array.from({ length: batch }, (_, user) => ({
    history: { user, item: Int32Array.from({ length }, item), behavior: new Uint8Array(length), time: new Float64Array(length) },
    targets: Array.from({ length: lastOnly ? 1 : length }, (_, at) => ({ item: item(), behavior: 0, prefix: lastOnly ? length : at + 1, weight: 1 })),
  }))
  const times: number[] = []
  for (let at = 0; at < count + 3; at++) {
    const start = performance.now()
    await step.run(windows, at)
    applyGradients(state, step.gradients, { learningRate: 1e-3 })
    if (at >= 3) times.push(performance.now() - start)
  }
  return times
}
