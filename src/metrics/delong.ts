/**
 * @file Intervals of AUCs, and of differences of AUCs on the same impressions, without resampling (DeLong et al.,
 * 1988).
 */
import { checkLengths } from './arguments.ts'
import { type Interval, normal95 } from './interval.ts'

/**
 * DeLong's structural components: of each positive the share of negatives below it (V10 [m]), of each negative the
 * share of positives above it (V01 [n]), ties at half. The mean of either is the AUC.
 */
interface Components {
  readonly positive: Float64Array
  readonly negative: Float64Array
}

/**
 * The mean AUC of several runs of a model on the same impressions, e.g. one a seed, with the 95 % interval of that
 * mean. AUCs of runs are correlated; the covariance of all pairs is what the variance of their averaged components
 * holds. With one run this is DeLong's interval of an AUC. It takes impressions as independent, and runs as given: how
 * far another seed, or another set of users, would fall is not in it.
 *
 * One run, positives 0.9, 0.4, 0.2 and negatives 0.4, 0.1:
 *
 *     V10 = 1, 0.75, 0.5    mean 0.75, variance (0.25^2 + 0 + 0.25^2) / 2 = 0.0625
 *     V01 = 0.5, 1          mean 0.75, variance (0.25^2 + 0.25^2) / 1 = 0.125
 *     variance of the AUC = 0.0625 / 3 + 0.125 / 2 = 0.08333, deviation 0.28868
 *     0.75 +- 1.96 * 0.28868 = 0.1842 to 1.3158, cut to 1
 *
 * @param runs each [impressions]: the scores of a run, in any unit
 * @param labels [impressions], nonzero or true where positive
 * @returns an interval inside [0, 1]; NaN bounds when a class has one impression, all NaN when one has none or a score
 * is NaN
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function meanAucInterval(runs: readonly ArrayLike<number>[], labels: ArrayLike<number | boolean>): Interval {
  return intervalOf(meanComponents('meanAucInterval', runs, labels), 0)
}

/**
 * The mean AUC of our runs less that of theirs, all on the same impressions, with its 95 % interval by DeLong's
 * covariance of correlated AUCs: what makes an impression hard for both cancels. An interval that holds 0 does not tell
 * the two apart.
 * @param ours and theirs, each runs of [impressions]; they may differ in number
 * @param labels [impressions], nonzero or true where positive
 * @returns an interval inside [-1, 1]; NaN as for {@link meanAucInterval}
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function meanAucDifference(
  ours: readonly ArrayLike<number>[],
  theirs: readonly ArrayLike<number>[],
  labels: ArrayLike<number | boolean>,
): Interval {
  const where = 'meanAucDifference'
  const [a, b] = [meanComponents(where, ours, labels), meanComponents(where, theirs, labels)]
  const less = (values: Float64Array, others: Float64Array) => values.map((value, at) => value - (others[at] as number))
  return intervalOf({ positive: less(a.positive, b.positive), negative: less(a.negative, b.negative) }, -1)
}

/** The normal interval of the mean of components: variance = var(V10) / m + var(V01) / n. */
function intervalOf({ positive, negative }: Components, least: -1 | 0): Interval {
  const mean = meanOf(positive)
  const half = normal95 * Math.sqrt(varianceOf(positive) / positive.length + varianceOf(negative) / negative.length)
  return { mean, low: Math.max(least, mean - half), high: Math.min(1, mean + half) }
}

function meanComponents(
  where: string,
  runs: readonly ArrayLike<number>[],
  labels: ArrayLike<number | boolean>,
): Components {
  for (const scores of runs) checkLengths(where, { labels, scores })
  const all = runs.map((scores) => componentsOf(scores, labels))
  const average = (of: (run: Components) => Float64Array): Float64Array => {
    const sum = new Float64Array(all[0] ? of(all[0]).length : 0)
    for (const run of all) of(run).forEach((value, at) => (sum[at] = (sum[at] as number) + value))
    return sum.map((value) => value / all.length)
  }
  return { positive: average(({ positive }) => positive), negative: average(({ negative }) => negative) }
}

/**
 * The components of one run in n log n. A component is a mid-rank among all less the mid-rank within the own class (Sun
 * & Xu, 2014), which is the place in the sorted other class: found there by halving, so that only plain numbers are
 * sorted.
 */
function componentsOf(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): Components {
  const [positive, negative] = [ofClass(true, scores, labels), ofClass(false, scores, labels)]
  if (positive.some(Number.isNaN) || negative.some(Number.isNaN))
    return { positive: positive.fill(Number.NaN), negative: negative.fill(Number.NaN) }
  const [positives, negatives] = [positive.toSorted(), negative.toSorted()]
  return {
    positive: positive.map((score) => shareBelow(score, negatives)),
    negative: negative.map((score) => 1 - shareBelow(score, positives)),
  }
}

function ofClass(wanted: boolean, scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): Float64Array {
  const own = new Float64Array(labels.length)
  let count = 0
  for (let at = 0; at < labels.length; at++) if (Boolean(labels[at]) === wanted) own[count++] = scores[at] as number
  return own.slice(0, count)
}

/** The share of sorted values below a score, the equal at half; NaN of no values. */
function shareBelow(score: number, sorted: Float64Array): number {
  const below = countUntil(sorted, 0, (value) => value < score)
  const equal = sorted[below] === score ? countUntil(sorted, below, (value) => value === score) - below : 0
  return (below + equal / 2) / sorted.length
}

/** The first place from a start on where a condition, which holds up to a place and not beyond, does not hold. */
function countUntil(sorted: Float64Array, start: number, holds: (value: number) => boolean): number {
  let [from, to] = [start, sorted.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (holds(sorted[middle] as number)) from = middle + 1
    else to = middle
  }
  return from
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The sample variance; NaN of one value. */
function varianceOf(values: Float64Array): number {
  const mean = meanOf(values)
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}
