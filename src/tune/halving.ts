/**
 * @file Successive halving (Jamieson & Talwalkar, AISTATS 2016): all trials train a little, the best third goes on
 * three times as long, and so on. [bib: successive-halving]
 */

/** Of so many trials one goes on. */
const oneOf = 3
/** The most rounds: with more, the first would say too little. */
const mostRounds = 3

/** One round of a search. */
export interface Round {
  /** How many trials take part. */
  readonly trials: number
  /** Epochs that each has trained at its end, unless it stopped by itself. */
  readonly epochs: number
}

/** The rounds of a search: the last one trains for all epochs. */
export function roundsOf(trials: number, epochs: number): readonly Round[] {
  const possible = Math.floor(Math.log(Math.max(1, Math.min(trials, epochs))) / Math.log(oneOf) + 1e-9) + 1
  const count = Math.min(mostRounds, possible)
  return Array.from({ length: count }, (_, round) => ({
    trials: Math.ceil(trials / oneOf ** round),
    epochs: Math.max(1, Math.round(epochs / oneOf ** (count - 1 - round))),
  }))
}

/** A trial and what its validation came to; undefined where its training failed. */
export interface Judged {
  readonly trial: number
  readonly validation: number | undefined
}

/**
 * The trials in the order of their validation, the best first, of equals the earlier; those that failed are left out.
 * @param isBetter whether the first value is better than the second
 */
export const ranked = (trials: readonly Judged[], isBetter: (a: number, b: number) => boolean): readonly Judged[] =>
  trials
    .filter(({ validation }) => validation !== undefined)
    .toSorted((a, b) => {
      const [left, right] = [a.validation as number, b.validation as number]
      if (isBetter(left, right)) return -1
      return isBetter(right, left) ? 1 : a.trial - b.trial
    })
