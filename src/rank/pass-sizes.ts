/** @file How many histories a service scores in one pass, and how many items it gets of each. */

/**
 * How many histories compiled batches hold. Over 93,467 items, one history of SASRec takes 4.6 ms of a core alone, 2.6
 * in a batch of 4, 1.1 of 16 and 0.9 of 32. Larger ones gain nothing, and whoever waits for them waits longer.
 */
export const batchSizes: readonly number[] = [1, 4, 16, 32]
/** How many of the best items a scorer gives where not all scores are asked for, if there are that many. */
export const bestKept = 128

/** The most scores that one pass gives. */
const scoresHeld = 20_000_000

/** How many histories go into one pass over a catalog at most. */
export const mostAtOnce = (itemCount: number): number => sizesFor(itemCount).at(-1) as number

/** The sizes of batches that a catalog allows, ascending; one history always goes. */
export const sizesFor = (itemCount: number): readonly number[] =>
  batchSizes.filter((rows) => rows === 1 || rows * (itemCount + 1) <= scoresHeld)
