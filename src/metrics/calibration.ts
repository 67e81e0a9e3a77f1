/** @file Calibration: whether the probabilities a model gives are the shares that come true. */
import { checkLengths } from './arguments.ts'
import { normal95 } from './interval.ts'

/** Impressions of about the same probability. */
export interface ReliabilityBin {
  readonly count: number
  /** The mean probability. */
  readonly predicted: number
  /** The share that was clicked. */
  readonly observed: number
  /** The 95 % Wilson interval of the share. */
  readonly low: number
  readonly high: number
}

/**
 * Expected over observed clicks: `sum of p / sum of y`. 1 is right in sum, 2 expects twice the clicks that came.
 *
 * Five impressions with p = 0.9, 0.2, 0.5, 0.4, 0 of which three were clicked: (0.9 + 0.2 + 0.5 + 0.4 + 0) / 3 = 2 / 3.
 *
 * @param probabilities [n], in [0, 1]
 * @param labels [n], 1 where clicked, else 0
 * @returns NaN without a click, and when a probability is NaN
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function calibration(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  checkLengths('calibration', { probabilities, labels })
  let [expected, clicks] = [0, 0]
  for (let at = 0; at < labels.length; at++) {
    expected += probabilities[at] as number
    clicks += labels[at] as number
  }
  return clicks === 0 ? Number.NaN : expected / clicks
}

/**
 * Impressions in order of their probability, cut into bins of equal count (to within one), each with what was predicted
 * and what was observed. The equally probable keep their order, and may fall into two bins.
 *
 * Four impressions in two bins:
 *
 *     probability  0.1  0.3  |  0.6  0.8
 *     clicked      0    1    |  1    1
 *     predicted    0.2       |  0.7
 *     observed     0.5       |  1
 *
 * @param bins how many; fewer come back when there are fewer impressions
 * @returns no bins when a probability is NaN, which has no place in the order
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function reliability(probabilities: ArrayLike<number>, labels: ArrayLike<number>, bins = 10): ReliabilityBin[] {
  checkLengths('reliability', { probabilities, labels })
  const count = labels.length
  const order = new Uint32Array(count).map((_, index) => index)
  if (order.some((at) => Number.isNaN(probabilities[at]))) return []
  order.sort((a, b) => (probabilities[a] as number) - (probabilities[b] as number))
  const cuts = Array.from(
    { length: bins },
    (_, bin) => [Math.floor((bin * count) / bins), Math.floor(((bin + 1) * count) / bins)] as const,
  )
  return cuts
    .filter(([from, to]) => to > from)
    .map(([from, to]) => {
      let [expected, clicks] = [0, 0]
      for (const at of order.subarray(from, to)) {
        expected += probabilities[at] as number
        clicks += labels[at] as number
      }
      return {
        count: to - from,
        predicted: expected / (to - from),
        observed: clicks / (to - from),
        ...wilson(clicks, to - from),
      }
    })
}

/**
 * The score interval of a share (Wilson, 1927): unlike mean +- 1.96 deviations it stays in [0, 1] and has a width at 0
 * and 1.
 */
function wilson(ones: number, count: number): { low: number; high: number } {
  const share = ones / count
  const square = normal95 ** 2
  const center = (share + square / (2 * count)) / (1 + square / count)
  const half = (normal95 / (1 + square / count)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count ** 2))
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) }
}
