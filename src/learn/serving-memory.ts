/** @file How much memory serving will take: graphs of every length of histories, and the scores. */
import { bucketLengths, lengthFor, servedLengths } from '../batches/lengths.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset, History } from '../dataset/schema.ts'
import { historiesAtOnce } from '../evaluate/rank.ts'
import { clickPredictor, type PredictorParts } from '../rank/click-predictor.ts'
import { mostAtOnce, sizesFor } from '../rank/pass-sizes.ts'
import { nextItemScorer, type ScorerParts } from '../rank/scorer.ts'
import { dryRun } from './dry-run.ts'

/** Who is served: `many` users at once, as a measurement does, one, or whoever asks a service. */
export type Users = 'one' | 'many' | Callers
/** Callers of a service, for whom every graph is compiled before they ask. */
export interface Callers {
  /** How many items are put in order for one of them. */
  readonly candidates: number
}

/** Bytes that ranking takes. */
export async function rankingBytes(parts: Omit<ScorerParts, 'runtime'>, users: Users = 'many'): Promise<number> {
  const dry = dryRun()
  const { model, dataset } = parts
  const rows = typeof users === 'object' ? sizesFor(dataset.catalog.ids.length - 1) : undefined
  await using scorer = await nextItemScorer({ ...parts, runtime: dry.runtime, rows })
  const { maxLength } = model.history
  for (const length of users === 'one' ? [maxLength] : servedLengths(maxLength)) {
    for (const count of fewestOfEach(users, rows)) {
      const histories = Array.from({ length: count }, () => emptyHistory(length))
      await scorer.score(histories)
      if (rows) await scorer.best?.(histories)
    }
  }
  if (rows) await scorer.reasons(emptyHistory(maxLength))
  return dry.bytes() + scoreBytes(dataset, users)
}

/** The fewest histories that have a batch of each size compiled: one more than the size before holds. */
function fewestOfEach(users: Users, rows: readonly number[] = []): readonly number[] {
  if (typeof users === 'object') return rows.map((_, at) => 1 + (rows[at - 1] ?? 0))
  return [users === 'many' ? 2 : 1]
}

/** Bytes of the scores of the histories that are ranked at once. */
export function scoreBytes({ catalog }: Dataset, users: Users): number {
  const items = catalog.ids.length
  if (users === 'one') return 4 * items
  // A service holds them while it compiles, and then those of its queue.
  return 4 * items * (users === 'many' ? historiesAtOnce(items - 1) : 2 * mostAtOnce(items - 1))
}

const emptyHistory = (length: number): History => ({
  user: 1,
  item: new Int32Array(length).fill(1),
  behavior: new Uint8Array(length),
  // Events of one item count once where behaviors are merged, unless their times differ.
  time: Float64Array.from({ length }, (_, at) => at),
})

/** Bytes that predictions of samples take, by number, of one candidate of one user, or of a service's candidates. */
export async function clickBytes(
  parts: Omit<PredictorParts, 'runtime'>,
  numbers: Int32Array | 'one' | Callers,
): Promise<number> {
  const dry = dryRun()
  await using predictor = clickPredictor({ ...parts, runtime: dry.runtime })
  const { maxLength } = parts.model.history
  if (numbers === 'one') await predictor.candidates(emptyHistory(maxLength), [1])
  else if ('candidates' in numbers) {
    const items = new Int32Array(numbers.candidates).fill(1)
    for (const length of bucketLengths(maxLength)) await predictor.candidates(emptyHistory(length), items)
  } else await predictor.samples(oneOfEachLength(parts.samples, numbers, bucketLengths(maxLength)))
  return dry.bytes()
}

function oneOfEachLength(
  { user, end, columns }: ClickSamples,
  numbers: Int32Array,
  lengths: readonly number[],
): Int32Array {
  const found = new Map<number, number>()
  for (const sample of numbers) {
    const events = (end[sample] as number) - (columns.start[user[sample] as number] as number)
    found.set(lengthFor(events, lengths), sample)
  }
  return Int32Array.from(found.values())
}
