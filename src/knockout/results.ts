/** @file What one replacement of a signal came to. */
import { UserError } from '../errors.ts'
import type { Interval } from '../evaluate/intervals.ts'
import { figureOf, lossOf, type Outcome } from './outcome.ts'
import type { Way } from './signals.ts'

/** What became of the figure when a signal was replaced. */
export interface WayResult {
  readonly way: Way
  readonly figure?: Interval
  /** The untouched figure less this one, on the same targets. */
  readonly loss?: Interval
  /** The loss as a share of the untouched figure. */
  readonly share?: number
  /** Why the model could not do without, in its own words. */
  readonly refused?: string
}

/** The figure of some outcomes, and what they lose. */
export function resultOf(
  base: readonly Outcome[],
  outcomes: readonly Outcome[],
  seed: number,
): Required<Pick<WayResult, 'figure' | 'loss' | 'share'>> {
  const loss = lossOf(base, outcomes, seed)
  return { figure: figureOf(outcomes, seed), loss, share: loss.mean / figureOf(base, seed).mean }
}

/** What a model says that is nothing without a signal, in place of a result. */
export async function refusable<Result>(work: () => Promise<Result>): Promise<Result | string> {
  try {
    return await work()
  } catch (error) {
    const refuses = error instanceof UserError && ['missing', 'empty', 'unsupported'].includes(error.parts.problem)
    if (refuses) return error.message
    throw error
  }
}
