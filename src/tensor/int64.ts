/**
 * @file Reads and writes int64 buffers as 32-bit words: a BigInt64Array allocates a BigInt per access, which costs more
 * than the arithmetic around it.
 */

/**
 * An int64 buffer as pairs of words, the low one first as on every machine that Node runs on: value v is at 2 v. Values
 * from 0 below 2^31 may be read and written in the low word alone, as long as no other value was ever written.
 */
export const wordsOf = ({ buffer, byteOffset, length }: BigInt64Array): Int32Array =>
  new Int32Array(buffer, byteOffset, 2 * length)
