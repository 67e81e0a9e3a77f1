import { expect, it } from 'vitest'
import { effectShares, logOdds } from './leave-one-out.ts'

it('shares add up to 1 in the order of the effects, and what lowers a prediction has none', () => {
  expect(effectShares([1, -2, 3])).toEqual([0.25, 0, 0.75])
  expect(effectShares([-3, -1, -2])).toEqual([0, 2 / 3, 1 / 3])
  expect(effectShares([-1, -1])).toEqual([0.5, 0.5])
  expect(effectShares([])).toEqual([])
})

it('log odds are finite at 0 and 1', () => {
  const [even, third, never, always] = logOdds([0.5, 0.25, 0, 1]) as unknown as [number, number, number, number]
  expect([even, third]).toEqual([0, Math.log(1 / 3)])
  expect(Number.isFinite(never)).toBe(true)
  expect(always).toBeCloseTo(-never, 6)
})
