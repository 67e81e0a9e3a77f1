import { describe, expect, it } from 'vitest'
import { constant, parameter } from '../../tensor/node.ts'
import { evaluateGradients, evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { infoNce } from './info-nce.ts'

const matrix = (...rows: readonly (readonly number[])[]) =>
  constant(Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0])
const lossOf = async (...given: Parameters<typeof infoNce>): Promise<number> =>
  (await evaluateTensor(infoNce(...given)))[0] as number

// Cosines of the anchors with the positives: 1, 0, 0.6; 0, 1, 0.8; 1, 0, 0.6.
const anchor = matrix([2, 0], [0, 3], [5, 0])
const positive = matrix([1, 0], [0, 1], [3, 4])
const same = matrix([1, 0, 1], [0, 1, 0], [1, 0, 1])
const { exp, log } = Math

describe('infoNce', () => {
  it('is the mean over rows, worked by hand', async () => {
    const rows = [
      log((exp(2) + exp(0) + exp(1.2)) / exp(2)),
      log((exp(0) + exp(2) + exp(1.6)) / exp(2)),
      log((exp(2) + exp(0) + exp(1.2)) / exp(1.2)),
    ] as const
    expect(await lossOf(anchor, positive, { temperature: 0.5 })).toBeCloseTo((rows[0] + rows[1] + rows[2]) / 3, 5)
    const weights = constant(Float32Array.of(0.25, 0.25, 0.5), [3])
    expect(await lossOf(anchor, positive, { temperature: 0.5, weights })).toBeCloseTo(
      (rows[0] + rows[1] + 2 * rows[2]) / 4,
      5,
    )
  })

  it('does not count duplicates as negatives, and keeps each row’s own positive', async () => {
    const rows = [
      log((exp(2) + exp(0)) / exp(2)),
      log((exp(0) + exp(2) + exp(1.6)) / exp(2)),
      log((exp(0) + exp(1.2)) / exp(1.2)),
    ] as const
    expect(await lossOf(anchor, positive, { temperature: 0.5, same })).toBeCloseTo((rows[0] + rows[1] + rows[2]) / 3, 5)
  })

  it('leaves out rows that only fill up', async () => {
    const weights = constant(Float32Array.of(0.5, 0.5, 0), [3])
    const expected = (log((exp(2) + exp(0)) / exp(2)) + log((exp(0) + exp(2)) / exp(2))) / 2
    expect(await lossOf(anchor, positive, { temperature: 0.5, weights })).toBeCloseTo(expected, 5)
    expect(await lossOf(anchor, positive, { temperature: 0.5, weights, same })).toBeCloseTo(expected, 5)
  })

  it('has the gradient that finite differences find', async () => {
    const [a, p] = [parameter('a', [3, 2], () => {}), parameter('p', [3, 2], () => {})]
    const loss = infoNce(a, p, { temperature: 0.5, same })
    const feeds = { a: Float32Array.of(2, 0.1, 0.3, 3, 5, -1), p: Float32Array.of(1, 0.2, 0.4, 1, 3, 4) }
    const { gradients } = await evaluateGradients(loss, [a, p], feeds)
    for (const name of ['a', 'p'] as const) {
      for (let at = 0; at < 6; at++) {
        const lossAt = async (by: number): Promise<number> => {
          const moved = { ...feeds, [name]: feeds[name].with(at, (feeds[name][at] as number) + by) }
          return (await evaluateTensor(loss, moved))[0] as number
        }
        const slope = ((await lossAt(1e-2)) - (await lossAt(-1e-2))) / 2e-2
        expect(gradients[name]?.[at]).toBeCloseTo(slope, 3)
      }
    }
  })
})
