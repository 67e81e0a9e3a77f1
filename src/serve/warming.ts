/** @file Compiles what requests will need before the first of them comes: a graph takes a fraction of a second. */
import type { History } from '../dataset/schema.ts'
import { batchSizes, mostAtOnce } from '../rank/pass-sizes.ts'
import type { Stages } from './serving.ts'

/**
 * Asks runs for batches of every size, of histories of every length.
 * @param candidates how many items the run that retrieves gives to the one that orders them
 */
export async function warm({ retrieve, rank }: Stages, candidates: number): Promise<void> {
  if (retrieve) {
    const { scorer, maxLength } = retrieve.run
    const sizes = batchSizes.filter((rows) => rows <= mostAtOnce(scorer.itemCount))
    const held = new Float32Array((sizes.at(-1) as number) * (scorer.itemCount + 1))
    for (const length of lengthsUpTo(maxLength, { shortest: 16, times: 4 })) {
      for (const rows of sizes)
        await scorer.score(
          Array.from({ length: rows }, () => historyOf(length)),
          held,
        )
    }
    await scorer.explain?.(historyOf(maxLength), [1])
  }
  if (!rank) return
  const { predictor, maxLength } = rank.run
  const items = new Int32Array(candidates).fill(1)
  for (const length of lengthsUpTo(maxLength, { shortest: 4, times: 2 }))
    await predictor.candidates(historyOf(length), items)
}

/** Every length that histories are padded to: `shortest`, each `times` the one before, and the longest. */
function lengthsUpTo(
  maxLength: number,
  { shortest, times }: { readonly shortest: number; readonly times: number },
): number[] {
  const lengths: number[] = []
  for (let length = shortest; length < maxLength; length *= times) lengths.push(length)
  return [...lengths, maxLength]
}

const historyOf = (length: number): History => ({
  user: 0,
  item: new Int32Array(length).fill(1),
  behavior: new Uint8Array(length),
  // Events of one item count once where behaviors are merged, unless their times differ.
  time: Float64Array.from({ length }, (_, at) => at),
})
