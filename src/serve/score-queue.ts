/** @file Histories that wait together are scored in one pass of the model. */
import type { History } from '../dataset/schema.ts'
import type { Scorer } from '../models/contract/scorer.ts'

/**
 * How many histories compiled batches hold. Over 93,467 items, one history of SASRec takes 4.6 ms of a core alone, 2.6
 * in a batch of 4, 1.1 of 16 and 0.9 of 32. Larger ones gain nothing, and whoever waits for them waits longer.
 */
export const batchSizes: readonly number[] = [1, 4, 16, 32]
/** The most scores that one pass gives. */
const scoresHeld = 20_000_000

/** How many histories go into one pass over a catalog at most. */
export const mostAtOnce = (itemCount: number): number =>
  batchSizes.findLast((rows) => rows * (itemCount + 1) <= scoresHeld) ?? 1

/** How many of those who wait go into the next pass: a batch that would be half empty costs more than two full ones. */
export function nextPass(waiting: number, most: number): number {
  const larger = batchSizes.find((rows) => rows >= waiting) ?? most
  const smaller = batchSizes.findLast((rows) => rows < larger) ?? 0
  if (larger > most) return most
  return waiting > Math.max(smaller, larger / 2) ? Math.min(waiting, most) : Math.max(1, smaller)
}

/** Scores one history at a time for whoever asks, and many at a time in truth. */
export interface ScoreQueue {
  /** @param read reads the scores of all items at once: they are overwritten afterwards */
  score<Result>(history: History, read: (scores: Float32Array) => Result): Promise<Result>
}

/** Somebody who waits for scores. */
interface Waiting {
  readonly history: History
  settle(scores: Float32Array): void
  reject(error: unknown): void
}

/**
 * Makes the queue of a scorer. While one pass runs the next gathers; nobody waits for others to come.
 * @param most how many histories go into one pass
 */
export function scoreQueue(scorer: Pick<Scorer, 'score' | 'itemCount'>, most: number): ScoreQueue {
  const itemRows = scorer.itemCount + 1
  const waiting: Waiting[] = []
  let draining = false
  let held = new Float32Array(0)
  const pass = async (batch: readonly Waiting[]): Promise<void> => {
    if (held.length < batch.length * itemRows) held = new Float32Array(batch.length * itemRows)
    try {
      const scores = await scorer.score(
        batch.map(({ history }) => history),
        held,
      )
      for (const [row, one] of batch.entries()) one.settle(scores.subarray(row * itemRows, (row + 1) * itemRows))
    } catch (error) {
      for (const one of batch) one.reject(error)
    }
  }
  const drain = async (): Promise<void> => {
    // Requests that came in one turn of the event loop are one batch.
    await new Promise((resume) => setImmediate(resume))
    while (waiting.length > 0) await pass(waiting.splice(0, nextPass(waiting.length, most)))
    draining = false
  }
  return {
    score: (history, read) =>
      new Promise((resolve, reject) => {
        const settle = (scores: Float32Array): void => {
          try {
            resolve(read(scores))
          } catch (error) {
            reject(error)
          }
        }
        waiting.push({ history, settle, reject })
        if (draining) return
        draining = true
        void drain()
      }),
  }
}
