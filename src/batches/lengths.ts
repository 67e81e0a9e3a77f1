/**
 * @file The few lengths that histories are padded to, so that few graphs are compiled and little of a batch is padding.
 */

/** Lengths of training, ascending, the last being the longest; [1] where no history is read. */
export function bucketLengths(maxLength: number): number[] {
  return maxLength === 0 ? [1] : [4, 8, 16, 32].filter((length) => length < maxLength).concat(maxLength)
}

/** The least of ascending lengths that holds so many events; the last one where none does. */
export function lengthFor(events: number, lengths: readonly number[]): number {
  return lengths.find((length) => events <= length) ?? (lengths.at(-1) as number)
}

/**
 * Lengths that served histories are padded to, ascending: powers of four from 16, and the longest. A service compiles
 * graphs of each before it is ready, so they are fewer than those of training.
 */
export function servedLengths(maxLength: number): number[] {
  const lengths: number[] = []
  for (let length = 16; length < maxLength; length *= 4) lengths.push(length)
  return [...lengths, maxLength]
}
