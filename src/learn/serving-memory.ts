/** @file How much memory serving will take: graphs of every length of histories, and the scores. */
import { bucketLengths, lengthFor } from '../batches/lengths.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { History } from '../dataset/schema.ts'
import { historiesAtOnce } from '../evaluate/rank.ts'
import { clickPredictor, type PredictorParts } from '../rank/click-predictor.ts'
import { nextItemScorer, type ScorerParts } from '../rank/scorer.ts'
import { dryRun } from './dry-run.ts'

/** Bytes that ranking takes: for `many` users, as a measurement does, or for one at a time. */
export async function rankingBytes(
  parts: Omit<ScorerParts, 'runtime'>,
  users: 'one' | 'many' = 'many',
): Promise<number> {
  const dry = dryRun()
  const { model, dataset } = parts
  await using scorer = await nextItemScorer({ ...parts, runtime: dry.runtime })
  const many = users === 'many'
  for (const length of many ? lengthsOf(model.history.maxLength) : [model.history.maxLength]) {
    // Two histories are compiled as a whole batch.
    await scorer.score(Array.from({ length: many ? 2 : 1 }, () => emptyHistory(length)))
  }
  const items = dataset.catalog.ids.length
  return dry.bytes() + 4 * items * (many ? historiesAtOnce(items - 1) : 1)
}

/** Every power of two up to the longest history, and that: see `servedLength`. */
function lengthsOf(maxLength: number): number[] {
  const lengths = [8]
  while ((lengths.at(-1) as number) < maxLength) lengths.push(2 * (lengths.at(-1) as number))
  return lengths.map((length) => Math.min(length, maxLength))
}

const emptyHistory = (length: number): History => ({
  user: 1,
  item: new Int32Array(length).fill(1),
  behavior: new Uint8Array(length),
  // Events of one item count once where behaviors are merged, unless their times differ.
  time: Float64Array.from({ length }, (_, at) => at),
})

/** Bytes that predictions of a part's samples take. */
export async function clickBytes(parts: Omit<PredictorParts, 'runtime'>, part: 'validation' | 'test'): Promise<number> {
  const dry = dryRun()
  await using predictor = clickPredictor({ ...parts, runtime: dry.runtime })
  await predictor.samples(oneOfEachLength(parts.samples, part, bucketLengths(parts.model.history.maxLength)))
  return dry.bytes()
}

function oneOfEachLength(samples: ClickSamples, part: 'validation' | 'test', lengths: readonly number[]): Int32Array {
  const { user, end, columns } = samples
  const found = new Map<number, number>()
  for (const sample of samples[part]) {
    const events = (end[sample] as number) - (columns.start[user[sample] as number] as number)
    found.set(lengthFor(events, lengths), sample)
  }
  return Int32Array.from(found.values())
}
