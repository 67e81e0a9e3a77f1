/** @file What is said of memory. */

/** An estimate in words. */
export const memoryText = (bytes: number): string =>
  `memory at the peak, estimated: ${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`

/** Whether it is so much that it is told of work that is not training: more than 500 MB. */
export const isMuch = (bytes: number): boolean => bytes > 500e6
