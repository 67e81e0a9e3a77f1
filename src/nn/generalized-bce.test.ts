import { expect, it } from 'vitest'
import { input, parameter } from '../tensor/node.ts'
import { evaluateTensor } from '../testing/evaluate-tensor.ts'
import { generalizedBce } from './generalized-bce.ts'

// Probabilities of the pad and five items for a user of 1: sigma(ln odds) with these odds.
const odds = [7, 3, 1, 1 / 3, 1, 4]
const feeds = {
  user: Float32Array.of(1, 1),
  table: Float32Array.from(odds, Math.log),
  targets: BigInt64Array.of(1n, 2n),
  weights: Float32Array.of(0.6, 0.4),
  drawn: BigInt64Array.of(2n, 3n),
}
const parts = {
  hidden: parameter('user', [2, 1], () => {}),
  table: parameter('table', [6, 1], () => {}),
  targets: input('targets', [2], 'int64'),
  weights: input('weights', [2]),
}

it.each([
  // Two of the four items that are no target: alpha is 1/2.
  ['plain binary cross-entropy', 0, 1],
  ['halfway', 0.5, 0.75],
  ['calibrated, beta being the share that is drawn', 1, 0.5],
])('gBCE by hand: %s', async (_, calibration, beta) => {
  const loss = generalizedBce(parts, { drawn: input('drawn', [2], 'int64'), calibration })
  const [value] = await evaluateTensor(loss, feeds)
  // Row 1: target 1 has 3/4; negatives 2 and 3 have 1/2 and 1/4. Row 2: target 2 has 1/2, and is drawn itself.
  const first = -(beta * Math.log(3 / 4) + Math.log(1 / 2) + Math.log(3 / 4)) / 3
  const second = -(beta * Math.log(1 / 2) + Math.log(3 / 4)) / 3
  expect(value).toBeCloseTo(0.6 * first + 0.4 * second, 5)
})
