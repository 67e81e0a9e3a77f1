/** @file Two normal distributions mixed, fitted to numbers: which share of them belongs to the larger one. */

/** Rounds of fitting at most, the gain below which it ends, and what is added to variances. */
const [mostRounds, tolerance, varianceFloor] = [100, 1e-2, 5e-4]

/** A normal distribution, and the share of the numbers that belongs to it. */
interface Component {
  readonly share: number
  readonly mean: number
  readonly variance: number
}

/**
 * Fits two components by expectation and maximization, beginning with the two clusters of k-means, until the mean log
 * likelihood gains less than 0.01 or for 100 rounds, and says how much of the numbers belongs to the component of the
 * larger mean; 0 where all are alike.
 */
export function shareOfLarger(values: Float64Array): number {
  if (values.every((value) => value === values[0])) return 0
  let large = largerCluster(values)
  let before = Number.NEGATIVE_INFINITY
  for (let round = 0; round < mostRounds; round++) {
    const likelihood = expect(values, componentsOf(values, large), large)
    if (Math.abs(likelihood - before) < tolerance) break
    before = likelihood
  }
  const components = componentsOf(values, large)
  expect(values, components, large)
  const share = large.reduce((sum, one) => sum + one, 0) / values.length
  return components[1].mean >= components[0].mean ? share : 1 - share
}

/** 1 for the numbers of the larger of two clusters, else 0: Lloyd's rounds from the least and the greatest on. */
function largerCluster(values: Float64Array): Float64Array {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  for (;;) {
    const middle = (low + high) / 2
    const large = values.map((value) => (value > middle ? 1 : 0))
    const [small, other] = componentsOf(values, large)
    if (small.mean === low && other.mean === high) return large
    ;[low, high] = [small.mean, other.mean]
  }
}

/** Both components, by how much each number belongs to the second. */
function componentsOf(values: Float64Array, large: Float64Array): readonly [Component, Component] {
  const component = (belongs: (at: number) => number): Component => {
    let [weight, sum, squares] = [10 * Number.EPSILON, 0, 0]
    for (const [at, value] of values.entries()) {
      weight += belongs(at)
      sum += belongs(at) * value
    }
    const mean = sum / weight
    for (const [at, value] of values.entries()) squares += belongs(at) * (value - mean) ** 2
    return { share: weight / values.length, mean, variance: squares / weight + varianceFloor }
  }
  return [component((at) => 1 - (large[at] as number)), component((at) => large[at] as number)]
}

/** Writes how much each number belongs to the second component; returns the mean log likelihood. */
function expect(values: Float64Array, components: readonly [Component, Component], large: Float64Array): number {
  let sum = 0
  const logOf = ({ share, mean, variance }: Component, value: number): number =>
    Math.log(share) - Math.log(2 * Math.PI * variance) / 2 - (value - mean) ** 2 / (2 * variance)
  for (const [at, value] of values.entries()) {
    const [first, second] = [logOf(components[0], value), logOf(components[1], value)]
    const most = Math.max(first, second)
    const total = most + Math.log(Math.exp(first - most) + Math.exp(second - most))
    large[at] = Math.exp(second - total)
    sum += total
  }
  return sum / values.length
}
