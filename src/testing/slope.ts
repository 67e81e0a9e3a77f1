/** @file Whether a training step's gradient is the slope of its loss, for tests. */
import { expect } from 'vitest'
import { applyGradients, type ParameterState } from '../learn/parameters.ts'
import type { TrainingStep } from '../learn/step.ts'
import { adam } from '../optim/adam.ts'

/**
 * Expects that along the gradient g of the step just run the loss falls by |g| for each unit of length, as central
 * differences of `lossNow` see it.
 */
export async function expectSlope(
  { gradients }: Pick<TrainingStep, 'gradients'>,
  state: ParameterState,
  lossNow: () => Promise<number>,
) {
  const before = await lossNow()
  expect(Number.isFinite(before)).toBe(true)
  // Adam's step with rate 0 adds up the gradients, sparse ones too.
  applyGradients(state, gradients, adam(), 0)
  const buffers = [...state.buffers.values()]
  const size = buffers.reduce(
    (sum, { gradient }) => sum + gradient.reduce((total, value) => total + value * value, 0),
    0,
  )
  const directions = buffers.map(({ gradient }) => Float32Array.from(gradient))
  const move = (by: number): void => {
    for (const [index, { values }] of buffers.entries()) {
      for (let at = 0; at < values.length; at++)
        values[at] = (values[at] as number) + by * (directions[index]?.[at] as number)
    }
  }
  const nudge = 5e-4 / Math.sqrt(size)
  move(nudge)
  const above = await lossNow()
  move(-2 * nudge)
  const below = await lossNow()
  expect((above - below) / (2 * nudge) / size).toBeCloseTo(1, 2)
  expect(below).toBeLessThan(before)
}
