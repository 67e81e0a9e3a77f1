/** @file Expected calibration error: how far probabilities are from the shares that come true. */
import { checkLengths } from './arguments.ts'
import { reliability } from './calibration.ts'

/**
 * The mean over impressions of |predicted - observed| in their bin (Naeini et al., AAAI 2015), with the ten bins of
 * equal count of {@link reliability}. 0 is right. Unlike the ratio of expected to observed clicks it sees too much here
 * and too little there. Each of the equally probable counts as their mean label: which of them falls into which of two
 * bins says nothing, and a constant that is right has 0.
 *
 * Four impressions in two bins of two, predicted 0.2 and 0.7 on average, observed 0.5 and 1: (0.3 + 0.3) / 2 = 0.3.
 *
 * @param probabilities [n], in [0, 1]
 * @param labels [n], 1 where clicked, else 0
 * @returns NaN without impressions, and when a probability is NaN
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function calibrationError(probabilities: ArrayLike<number>, labels: ArrayLike<number>, bins = 10): number {
  checkLengths('calibrationError', { probabilities, labels })
  const found = reliability(probabilities, evened(probabilities, labels), bins)
  if (found.length === 0) return Number.NaN
  const sum = found.reduce((all, { count, predicted, observed }) => all + count * Math.abs(predicted - observed), 0)
  return sum / labels.length
}

/** The labels, those of equal probability replaced by their mean. */
function evened(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Float64Array {
  const sums = new Map<number, { count: number; clicks: number }>()
  for (let at = 0; at < labels.length; at++) {
    const probability = probabilities[at] as number
    const sum = sums.get(probability) ?? { count: 0, clicks: 0 }
    sum.count++
    sum.clicks += labels[at] as number
    sums.set(probability, sum)
  }
  return Float64Array.from(labels, (_, at) => {
    const { count, clicks } = sums.get(probabilities[at] as number) as { count: number; clicks: number }
    return clicks / count
  })
}
