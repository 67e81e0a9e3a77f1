/**
 * @file What each thing that a model of clicks is told adds to a prediction: exactly, by leaving it out. How much
 * attention an event got, or how far a gate is open, says neither which way it moved the prediction nor how far.
 */
import type { RatedHistory } from '../batches/impressions.ts'
import type { FeatureModality } from '../dataset/schema.ts'
import { logit } from './calibrator.ts'
import type { ClickPredictor } from './click-predictor.ts'

/** The logarithm of the odds of each probability. */
export const logOdds = (probabilities: ArrayLike<number>): Float64Array => Float64Array.from(probabilities, logit)

/** Whose prediction, of which candidates. */
export interface LeftOut {
  readonly predictor: Pick<ClickPredictor, 'candidates'>
  readonly history: RatedHistory
  readonly items: readonly number[]
  /** What the predictor says with nothing left out. */
  readonly probability: ArrayLike<number>
}

/**
 * How far the logarithm of each candidate's odds falls without the events that are named: [items]. One pass.
 * @param stays whether the event at a place is still there
 */
export async function effectOfEvents(
  { predictor, history, items, probability }: LeftOut,
  stays: (at: number) => boolean,
): Promise<Float64Array> {
  const { user, item, behavior } = history
  const places = Array.from({ length: item.length }, (_, at) => at).filter(stays)
  const left = {
    user,
    item: places.map((at) => item[at] as number),
    behavior: places.map((at) => behavior[at] as number),
  }
  return lessThan(probability, (await predictor.candidates(left, items)).probability)
}

/** How far the logarithm of each candidate's odds falls where no item has a vector of a modality: [items]. One pass. */
export async function effectOfModality(
  predictor: Pick<ClickPredictor, 'without'>,
  { history, items, probability }: Omit<LeftOut, 'predictor'>,
  modality: FeatureModality,
): Promise<Float64Array> {
  return lessThan(probability, (await predictor.without(modality).candidates(history, items)).probability)
}

function lessThan(whole: ArrayLike<number>, left: ArrayLike<number>): Float64Array {
  const fallen = logOdds(left)
  return logOdds(whole).map((value, at) => value - (fallen[at] as number))
}

/**
 * Shares that add up to 1, in the order of the effects: what lowers a prediction has none. Where everything does, what
 * lowers it least has the largest.
 */
export function effectShares(effects: readonly number[]): number[] {
  const least = effects.some((effect) => effect > 0) ? 0 : Math.min(...effects)
  const parts = effects.map((effect) => Math.max(0, effect - least))
  const total = parts.reduce((sum, part) => sum + part, 0)
  return parts.map((part) => (total > 0 ? part / total : 1 / effects.length))
}
