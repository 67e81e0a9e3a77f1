import { expect, it } from 'vitest'
import { wordsOf } from './int64.ts'

it('reads and writes the values of an int64 buffer, also of a part of one', () => {
  const buffer = BigInt64Array.of(1n, 2n ** 31n - 1n, 3n, 4n)
  const words = wordsOf(buffer.subarray(1, 3))
  expect([...words]).toEqual([2 ** 31 - 1, 0, 3, 0])
  words[2] = 7
  expect([...buffer]).toEqual([1n, 2n ** 31n - 1n, 7n, 4n])
})
