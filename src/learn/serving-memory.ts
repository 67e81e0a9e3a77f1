/** @file How much memory serving will take: graphs of every length of histories, and the scores. */
import { bucketLengths, lengthFor, servedLengths } from '../batches/lengths.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset, History } from '../dataset/schema.ts'
import { historiesAtOnce } from '../evaluate/rank.ts'
import { clickPredictor, type PredictorParts } from '../rank/click-predictor.ts'
import { nextItemScorer, type ScorerParts } from '../rank/scorer.ts'
import { dryRun } from './dry-run.ts'

/** Who is served: `many` users at once, as a measurement does, or one. */
export type Users = 'one' | 'many'

/** Bytes that ranking takes. */
export async function rankingBytes(parts: Omit<ScorerParts, 'runtime'>, users: Users = 'many'): Promise<number> {
  const dry = dryRun()
  const { model, dataset } = parts
  await using scorer = await nextItemScorer({ ...parts, runtime: dry.runtime })
  const many = users === 'many'
  for (const length of many ? lengthsOf(model.history.maxLength) : [model.history.maxLength]) {
    // Two histories are compiled as a whole batch.
    await scorer.score(Array.from({ length: many ? 2 : 1 }, () => emptyHistory(length)))
  }
  return dry.bytes() + scoreBytes(dataset, users)
}

/** Bytes of the scores of the histories that are ranked at once. */
export function scoreBytes({ catalog }: Dataset, users: Users): number {
  const items = catalog.ids.length
  return 4 * items * (users === 'many' ? historiesAtOnce(items - 1) : 1)
}

/** Every length up to the longest history: see `servedLength`. */
function lengthsOf(maxLength: number): number[] {
  return servedLengths(maxLength)
}

const emptyHistory = (length: number): History => ({
  user: 1,
  item: new Int32Array(length).fill(1),
  behavior: new Uint8Array(length),
  // Events of one item count once where behaviors are merged, unless their times differ.
  time: Float64Array.from({ length }, (_, at) => at),
})

/** Bytes that predictions of samples take, by number, or of one candidate of one user. */
export async function clickBytes(parts: Omit<PredictorParts, 'runtime'>, numbers: Int32Array | 'one'): Promise<number> {
  const dry = dryRun()
  await using predictor = clickPredictor({ ...parts, runtime: dry.runtime })
  const { maxLength } = parts.model.history
  if (numbers === 'one') await predictor.candidates(emptyHistory(maxLength), [1])
  else await predictor.samples(oneOfEachLength(parts.samples, numbers, bucketLengths(maxLength)))
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
