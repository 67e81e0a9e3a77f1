/** @file Buffers of int64 values without BigInts, of which one is made for every value read or written, at more cost than the arithmetic around it. */

/**
 * An int64 buffer as pairs of words, the low one first as on every machine that Node runs on: value v is at 2 v. Values from 0 below 2^31 are read
 * and written in the low word alone, as long as nothing else was ever written.
 */
export const wordsOf = ({ buffer, byteOffset, length }: BigInt64Array): Int32Array =>
  new Int32Array(buffer, byteOffset, 2 * length)
