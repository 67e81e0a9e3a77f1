import { describe, expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { parameter } from '../../tensor/node.ts'
import { evaluateGradients, evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { nearness, pointDistance, pointOf, rankedPoint } from './gaussians.ts'

const [rows, width] = [4, 3]
const leaf = (name: string) => parameter(name, [2, rows, width], () => undefined)
const names = ['mean', 'covariance', 'otherMean', 'otherCovariance'] as const
const [mean, covariance, otherMean, otherCovariance] = [leaf(names[0]), leaf(names[1]), leaf(names[2]), leaf(names[3])]
const [one, other] = [pointOf({ mean, covariance }), pointOf({ mean: otherMean, covariance: otherCovariance })]
const random = randomStream(1)
const feeds = Object.fromEntries(
  names.map((name, at) => [
    name,
    Float32Array.from({ length: 2 * rows * width }, () => (at % 2 === 0 ? random.normal() : 0.1 + random.uniform())),
  ]),
) as Record<(typeof names)[number], Float32Array>

/** w2 of row i of the first and row j of the second, both of batch b, as a sum over squared differences. */
function naive(b: number, i: number, j: number): number {
  let sum = 0
  for (let at = 0; at < width; at++) {
    const [from, to] = [(b * rows + i) * width + at, (b * rows + j) * width + at]
    sum += ((feeds.mean[from] as number) - (feeds.otherMean[to] as number)) ** 2
    sum += (Math.sqrt(feeds.covariance[from] as number) - Math.sqrt(feeds.otherCovariance[to] as number)) ** 2
  }
  return sum
}
const far = (values: ArrayLike<number | bigint>, expected: readonly number[]): readonly number[] =>
  expected.filter((value, at) => !(Math.abs(Number(values[at]) - value) < 1e-4))
const pairs = [0, 1].flatMap((b) => [...Array(rows * rows).keys()].map((at) => [b, Math.floor(at / rows), at % rows]))

describe('the 2-Wasserstein distance of Gaussians', () => {
  it('is the squared distance of their points', async () => {
    const { distance } = await evaluateTensors({ distance: pointDistance(one, other) }, feeds)
    expect(
      far(
        distance,
        [0, 1].flatMap((b) => [...Array(rows).keys()].map((i) => naive(b, i, i))),
      ),
    ).toEqual([])
  })

  it('as products weighs keys as the naive sum does', async () => {
    const scale = 1 / Math.sqrt(width)
    const { weights } = await evaluateTensors({ weights: nearness(one, other, scale).softmax() }, feeds)
    const each = pairs.map(([b, i, j]) => Math.exp(-scale * naive(b as number, i as number, j as number)))
    const sums = pairs.map((_, at) => {
      const begin = at - (at % rows)
      return each.slice(begin, begin + rows).reduce((sum, value) => sum + value, 0)
    })
    expect(
      far(
        weights,
        each.map((value, at) => value / (sums[at] as number)),
      ),
    ).toEqual([])
  })

  it('as a product with a row of a table differs from the naive sum by what all rows share', async () => {
    const table = rankedPoint(other)
    const users = one.mul(2)
    const scores = users.matmul(table.slice(-1, 0, 2 * width), { transposeB: true })
    const biases = table.slice(-1, 2 * width, 2 * width + 1).transpose([0, 2, 1])
    const found = await evaluateTensors({ scores: scores.add(biases), own: one.sumSquares() }, feeds)
    const expected = pairs.map(
      ([b, i, j]) =>
        Number(found.own[(b as number) * rows + (i as number)]) - naive(b as number, i as number, j as number),
    )
    expect(far(found.scores, expected)).toEqual([])
  })

  it('has a gradient where a variance is too small for a number', async () => {
    const tiny = { ...feeds, covariance: new Float32Array(2 * rows * width) }
    const { gradients } = await evaluateGradients(pointDistance(one, other).sum(), [covariance], tiny)
    expect(gradients['covariance']?.every(Number.isFinite)).toBe(true)
  })
})
