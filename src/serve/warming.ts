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
    for (const rows of sizesFor(scorer.itemCount))
      for (const length of servedLengths(maxLength)) {
        if (scorer.compile) await scorer.compile(rows, length)
        else await scorer.score(Array.from({ length: rows }, () => historyOf(length)))
      }
    // What explains by leaving something out compiles the model anew for each modality: only where somebody asks why.
    if (!scorer.compile) await scorer.explain?.(historyOf(maxLength), [1])
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
