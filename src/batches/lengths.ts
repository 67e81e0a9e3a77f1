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

/** The length that served histories of up to `longest` events are padded to: powers of two from 8 up to `maxLength`. */
export function servedLength(longest: number, maxLength: number): number {
  return Math.min(maxLength, Math.max(8, 2 ** Math.ceil(Math.log2(longest))))
}
