/**
 * @file Calibration of a model of clicks by Platt's scaling (1999): p' = sigmoid(slope * logit(p) + shift), fitted on
 * impressions that trained nothing. The order of candidates stays. [bib: platt-scaling]
 */
import type { ClickPredictor } from './click-predictor.ts'

/** What turns a model's probabilities into calibrated ones; (1, 0) changes nothing. */
export interface Calibrator {
  /** Above 0: below 1 where the model is too sure of itself, above it where it is not sure enough. */
  readonly slope: number
  /** Above 0 where the model expects too few clicks. */
  readonly shift: number
}

/** A probability of 0 or 1 has no logit; this far from them float32 still tells numbers apart. */
const edge = 1e-7
/** The logarithm of the odds of a probability. */
export const logit = (probability: number): number => {
  const inside = Math.min(1 - edge, Math.max(edge, probability))
  return Math.log(inside / (1 - inside))
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** Calibrated probabilities. */
export const calibrated = ({ slope, shift }: Calibrator, probabilities: Float32Array | Float64Array): Float32Array =>
  Float32Array.from(probabilities, (probability) => sigmoid(slope * logit(probability) + shift))

/** A predictor whose probabilities are calibrated. */
export const calibratedPredictor = (predictor: ClickPredictor, calibrator: Calibrator): ClickPredictor => ({
  ...predictor,
  samples: async (numbers, counted) => calibrated(calibrator, await predictor.samples(numbers, counted)),
  async candidates(history, items) {
    const prediction = await predictor.candidates(history, items)
    return { ...prediction, probability: calibrated(calibrator, prediction.probability) }
  },
  without: (modality) => calibratedPredictor(predictor.without(modality), calibrator),
})

/** With less, float32 would no longer tell candidates apart. */
const leastSlope = 0.01

/** Newton's steps are far fewer; without an end rounding could go to and fro for ever. */
const mostSteps = 100

/**
 * The calibrator with the lowest log loss on impressions. As in Platt's paper a click among n counts as
 * (n + 1) / (n + 2), and what is none among m as 1 / (m + 2), so that the slope stays finite where the model is right
 * about all of them.
 * @param labels 1 where clicked, else 0
 * @returns undefined where the slope is not clearly above 0: the order would turn or be lost, so the model has nothing
 * to be calibrated
 */
export function plattScaling(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Calibrator | undefined {
  const logits = Float64Array.from(probabilities, logit)
  const clicks = Array.from(labels).reduce((sum, label) => sum + label, 0)
  const [one, zero] = [(clicks + 1) / (clicks + 2), 1 / (labels.length - clicks + 2)]
  const wanted = Float64Array.from(labels, (label) => (label === 1 ? one : zero))
  const lossOf = ({ slope, shift }: Calibrator): number =>
    logits.reduce((sum, x, at) => {
      const z = slope * x + shift
      return sum + Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - (wanted[at] as number) * z
    }, 0)
  let best: Calibrator = { slope: 1, shift: 0 }
  let loss = lossOf(best)
  for (let step = 0; step < mostSteps; step++) {
    const [slope, shift] = newtonStep(logits, wanted, best)
    let [next, nextLoss, share] = [best, Number.POSITIVE_INFINITY, 1]
    // The loss is convex: a step short enough lowers it unless this is the bottom already.
    for (; nextLoss > loss && share > 1e-9; share /= 2) {
      next = { slope: best.slope - share * slope, shift: best.shift - share * shift }
      nextLoss = lossOf(next)
    }
    if (!(nextLoss < loss - 1e-12 * Math.abs(loss))) break
    ;[best, loss] = [next, nextLoss]
  }
  return best.slope > leastSlope ? best : undefined
}

/** The gradient of the loss by slope and shift, divided by their second derivatives. */
function newtonStep(
  logits: Float64Array,
  wanted: Float64Array,
  { slope, shift }: Calibrator,
): readonly [slope: number, shift: number] {
  let [g1, g0, h11, h10, h00] = [0, 0, 1e-12, 0, 1e-12]
  for (const [at, x] of logits.entries()) {
    const p = sigmoid(slope * x + shift)
    const [error, weight] = [p - (wanted[at] as number), p * (1 - p)]
    g1 += error * x
    g0 += error
    h11 += weight * x * x
    h10 += weight * x
    h00 += weight
  }
  const determinant = h11 * h00 - h10 * h10
  return [(h00 * g1 - h10 * g0) / determinant, (h11 * g0 - h10 * g1) / determinant]
}
