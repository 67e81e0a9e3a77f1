/** @file How many histories a service scores in one pass. */
import { batchRows } from './scorer.ts'

/**
 * How many histories compiled batches hold. Over 93,467 items, one history of SASRec takes 10 ms of a core alone, 6 in
 * a batch of 4, 3 of 16, 2.4 of 32 and 1.7 of 128.
 */
export const batchSizes: readonly number[] = [1, 4, 16, 32, batchRows]
/** The most scores that one pass gives. */
const scoresHeld = 20_000_000

/** How many histories go into one pass over a catalog at most. */
export const mostAtOnce = (itemCount: number): number =>
  batchSizes.findLast((rows) => rows * (itemCount + 1) <= scoresHeld) ?? 1
