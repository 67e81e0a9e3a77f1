/** @file Compiles what requests will need before the first of them comes: a graph takes a fraction of a second. */
import { bucketLengths, servedLengths } from '../batches/lengths.ts'
import type { History } from '../dataset/schema.ts'
import { sizesFor } from '../rank/pass-sizes.ts'
import type { Stages } from './serving.ts'

/**
 * Asks runs for batches of every size, of histories of every length.
 * @param candidates how many items the run that retrieves gives to the one that orders them
 */
export async function warm({ retrieve, rank }: Stages, candidates: number): Promise<void> {
  if (retrieve) {
    const { scorer, maxLength } = retrieve.run
    const sizes = sizesFor(scorer.itemCount)
    const held = new Float32Array((sizes.at(-1) as number) * (scorer.itemCount + 1))
    const lengths = servedLengths(maxLength)
    for (const rows of sizes) {
      const historiesOf = (length: number): History[] => Array.from({ length: rows }, () => historyOf(length))
      for (const length of lengths) {
        // All scores are of the same vectors of users: one length does for them.
        if (scorer.best) await scorer.best(historiesOf(length))
        if (!scorer.best || length === lengths[0]) await scorer.score(historiesOf(length), held)
      }
    }
    await scorer.explain?.(historyOf(maxLength), [1])
  }
  if (!rank) return
  const { predictor, maxLength } = rank.run
  const items = new Int32Array(candidates).fill(1)
  for (const length of bucketLengths(maxLength)) await predictor.candidates(historyOf(length), items)
}

const historyOf = (length: number): History => ({
  user: 0,
  item: new Int32Array(length).fill(1),
  behavior: new Uint8Array(length),
  // Events of one item count once where behaviors are merged, unless their times differ.
  time: Float64Array.from({ length }, (_, at) => at),
})
