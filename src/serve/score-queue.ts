/** @file Histories that wait together are scored in one pass of the model. */
import type { History, ItemIndex } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { bestListed } from '../rank/best-left.ts'
import { batchSizes } from '../rank/pass-sizes.ts'
import { historyKey, keptNumbers } from './kept-numbers.ts'

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
  /**
   * The `count` best of the items that are not excluded: the model's best are tried first, longer lists of an index
   * next, and all scores are read only where too few of those are left. Lists are kept: an equal history needs no pass.
   */
  best(history: History, count: number, excluded: Excluded): Promise<readonly ScoredItem[]>
}

/** Items that may not be in a list. */
export interface Excluded {
  has(item: ItemIndex): boolean
  /** Whether these are most items, so that few of a model's best may be left; false by default. */
  readonly most?: boolean
}

/**
 * Makes the queue of a scorer. While one pass runs the next gathers; nobody waits for others to come.
 * @param most how many histories go into one pass
 */
export function scoreQueue(
  scorer: Pick<Scorer, 'score' | 'best' | 'approximate' | 'itemCount'>,
  most: number,
): ScoreQueue {
  const { itemCount, best, approximate = false } = scorer
  const itemRows = itemCount + 1
  let held = new Float32Array(0)
  const scores = gathered(most, async (histories) => {
    if (held.length < histories.length * itemRows) held = new Float32Array(histories.length * itemRows)
    const all = await scorer.score(histories, held)
    return (row) => all.subarray(row * itemRows, (row + 1) * itemRows)
  })
  /** By how long lists are: those of one length are gathered. */
  const lists = new Map<number, ReturnType<typeof gathered<readonly ScoredItem[]>>>()
  const listsOf = (length: number) => {
    const known = lists.get(length)
    if (known || !best) return known
    const made = gathered<readonly ScoredItem[]>(most, async (histories) => {
      const all = await best(histories, length)
      return (row) => all[row] as readonly ScoredItem[]
    })
    lists.set(length, made)
    return made
  }
  const kept = keptNumbers<Float64Array>()
  return {
    score: scores,
    async best(history, count, excluded) {
      const key = historyKey(history)
      // So few of a list are left where most items are excluded that a pass for it costs more than it saves.
      const isMade = approximate || !excluded.most
      const list = async (length: number): Promise<readonly ScoredItem[]> => {
        const known = kept.of(`${key} ${length}`)
        if (known) return listOf(known)
        if (!isMade) return []
        const made = (await listsOf(length)?.(history, (own) => own)) ?? []
        kept.keep(`${key} ${length}`, numbersOf(made))
        return made
      }
      const left = best && (await bestListed(list, count, { excluded, itemCount, approximate }))
      return left ?? scores(history, (all) => topItems(all, count, excluded))
    },
  }
}

/** Items and scores in turn: a tenth of what objects take. */
const numbersOf = (list: readonly ScoredItem[]): Float64Array =>
  Float64Array.from(list.flatMap(({ item, score }) => [item, score]))

const listOf = (numbers: Float64Array): ScoredItem[] =>
  Array.from({ length: numbers.length / 2 }, (_, at) => ({
    item: numbers[2 * at] as number,
    score: numbers[2 * at + 1] as number,
  }))

/** Somebody who waits for a pass. */
interface Waiting<Row> {
  readonly history: History
  settle(row: Row): void
  reject(error: unknown): void
}

/** Gathers histories into passes. @param pass gives what it has of each history, by its row */
function gathered<Row>(most: number, pass: (histories: readonly History[]) => Promise<(row: number) => Row>) {
  const waiting: Waiting<Row>[] = []
  let draining = false
  const run = async (batch: readonly Waiting<Row>[]): Promise<void> => {
    try {
      const rowOf = await pass(batch.map(({ history }) => history))
      for (const [row, one] of batch.entries()) one.settle(rowOf(row))
    } catch (error) {
      for (const one of batch) one.reject(error)
    }
  }
  const drain = async (): Promise<void> => {
    // Requests that came in one turn of the event loop are one batch.
    await new Promise((resume) => setImmediate(resume))
    while (waiting.length > 0) await run(waiting.splice(0, nextPass(waiting.length, most)))
    draining = false
  }
  return <Result>(history: History, read: (row: Row) => Result): Promise<Result> =>
    new Promise((resolve, reject) => {
      const settle = (row: Row): void => {
        try {
          resolve(read(row))
        } catch (error) {
          reject(error)
        }
      }
      waiting.push({ history, settle, reject })
      if (draining) return
      draining = true
      void drain()
    })
}
