import { expect, it } from 'vitest'
import { constant, integers } from '../../tensor/node.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { targetContrast } from './target-contrast.ts'

const { exp, log } = Math
const matrix = (...rows: readonly (readonly number[])[]) =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0])
// Cosines of the anchors with the positives: 1, 0, 0.6; 0, 1, 0.8; 1, 0, 0.6. The last row only fills up.
const anchor = matrix([2, 0], [0, 3], [5, 0], [1, 1])
const positive = matrix([1, 0], [0, 1], [3, 4], [1, 0])
const weights = constant(Float32Array.of(0.5, 0.3, 0.2, 0), [4])
const lossOf = async (items: readonly number[], rows?: number) => {
  const batch = { target_P: integers(items), weight_P: weights }
  return (await evaluateTensor(targetContrast(anchor, positive, batch, { temperature: 0.5, ...(rows && { rows }) })))[0]
}

it('contrasts all targets by their weights, those of one item not with each other', async () => {
  const expected =
    0.5 * log((exp(2) + exp(0)) / exp(2)) +
    0.3 * log((exp(0) + exp(2) + exp(1.6)) / exp(2)) +
    0.2 * log((exp(0) + exp(1.2)) / exp(1.2))
  expect(await lossOf([7, 8, 7, 0])).toBeCloseTo(expected, 5)
})

it('contrasts many targets in groups, of which each has every few targets', async () => {
  // Rows 0 and 2, and 1 with what fills up.
  const both = 0.5 * log((exp(2) + exp(1.2)) / exp(2)) + 0.2 * log((exp(2) + exp(1.2)) / exp(1.2))
  expect(await lossOf([7, 8, 9, 0], 2)).toBeCloseTo(both, 5)
  expect(await lossOf([7, 8, 7, 0], 2)).toBeCloseTo(0, 5)
  // Three rows at most make two groups of four targets as well.
  expect(await lossOf([7, 8, 9, 0], 3)).toBeCloseTo(both, 5)
})
