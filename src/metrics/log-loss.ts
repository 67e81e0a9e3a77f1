/** @file Log loss: how surprised a model is by what happened. */
import { checkLengths } from './arguments.ts'

/**
 * Probabilities count as no nearer than this to 0 or 1: about the spacing of 32-bit floats below 1, so that one sure
 * mistake costs 16.1 and not infinity.
 */
const margin = 1e-7

/**
 * The mean negative log-likelihood: `-(1/n) * sum of (y ln p + (1 - y) ln(1 - p))`, in nats, p clipped to [1e-7, 1 -
 * 1e-7].
 *
 * Five impressions:
 *
 *     probability  0.9     0.2     0.5     0.4     0
 *     clicked      1       0       1       1       0
 *     -ln of       0.9     0.8     0.5     0.4     1 - 1e-7
 *     loss         0.1054  0.2231  0.6931  0.9163  0.0000     mean = 1.9379 / 5 = 0.3876
 *
 * @param probabilities [n], in [0, 1]
 * @param labels [n], 1 where clicked, else 0
 * @returns NaN when a probability is NaN, and with no impressions
 * @throws UserError `mismatched` for arrays of different lengths
 */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  return logLosses(probabilities, labels).reduce((sum, loss) => sum + loss, 0) / labels.length
}

/** The loss of each impression, [n]: what {@link logLoss} is the mean of. */
export function logLosses(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Float64Array {
  checkLengths('logLoss', { probabilities, labels })
  const losses = new Float64Array(labels.length)
  for (let at = 0; at < losses.length; at++) {
    const probability = Math.min(Math.max(probabilities[at] as number, margin), 1 - margin)
    losses[at] = -Math.log(labels[at] === 1 ? probability : 1 - probability)
  }
  return losses
}
