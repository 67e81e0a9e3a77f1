/** @file The gradient of everything a model of clicks is trained by, against finite differences. */
import { expect } from 'vitest'
import type { BuiltModel } from '../../models/contract/model.ts'
import { randomStream } from '../../random/stream.ts'
import { stepAndLoss } from '../step-and-loss.ts'
import { wholeGradient } from '../whole-gradient.ts'
import type { Sample } from './planted.ts'
import type { SmallShop } from './shop.ts'
import { asBuilt, batchOf, livenedState, stepParts } from './training.ts'

/** Each parameter at its largest gradient, which must not be 0, and at two elements drawn at random. */
export async function checkGradients(model: BuiltModel, shop: SmallShop, samples: readonly Sample[]): Promise<void> {
  const state = livenedState(model)
  const shape = { rows: samples.length, length: 6 }
  const parts = await stepParts(model, shop, { shape, state, seed: 1 })
  const [step, loss] = await stepAndLoss({ ...parts, runtime: asBuilt })
  const batch = batchOf(model, samples, shape.length)
  const lossNow = async (): Promise<number> => (await loss.run(batch, 1)).loss
  expect(await lossNow()).toBeCloseTo((await step.run(batch, 1)).loss, 4)
  const gradients = step.gradients.map((parts) => [parts.name, wholeGradient(state, parts)] as const)
  for (const [name, gradient] of gradients) {
    const { values } = state.buffers.get(name)!
    const stream = randomStream(1, name)
    const largest = gradient.reduce(
      (best, value, at) => (Math.abs(value) > Math.abs(gradient[best] as number) ? at : best),
      0,
    )
    expect(Math.abs(gradient[largest] as number), `some gradient of ${name}`).toBeGreaterThan(0)
    for (const at of [largest, stream.integer(values.length), stream.integer(values.length)]) {
      const analytic = gradient[at] as number
      const found: number[] = []
      for (const nudge of nudges)
        if (!found.some((numeric) => agree(analytic, numeric))) found.push(await slope(values, at, { nudge, lossNow }))
      expect(agree(analytic, found.at(-1) as number), `${name}[${at}]: ${analytic} against ${found.join(', ')}`).toBe(
        true,
      )
    }
  }
}

/**
 * Where a large one crosses the kink of an activation, or a loss is strongly curved, a smaller one is right, if rounded
 * more.
 */
const nudges = [2e-3, 4e-4, 1e-4, 2e-5]

const agree = (analytic: number, numeric: number): boolean =>
  Math.abs(numeric - analytic) < 1e-3 + 0.03 * Math.abs(numeric)

/** The change of the loss with one value. */
async function slope(
  values: Float32Array,
  at: number,
  { nudge, lossNow }: { nudge: number; lossNow: () => Promise<number> },
): Promise<number> {
  const kept = values[at] as number
  values[at] = kept + nudge
  const above = await lossNow()
  values[at] = kept - nudge
  const below = await lossNow()
  values[at] = kept
  return (above - below) / (2 * nudge)
}
