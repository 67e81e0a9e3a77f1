/** @file What metrics ask of their arguments, since arrays that do not belong together would give a figure as well. */
import { UserError } from '../errors.ts'

/**
 * Makes sure that all arrays tell of the same cases.
 * @param where the metric
 * @param arrays by the names of the arguments; the others are held against the first
 * @throws UserError `mismatched` where one is longer or shorter
 */
export function checkLengths(where: string, arrays: Readonly<Record<string, ArrayLike<unknown>>>): void {
  const [[first, { length }] = ['', []], ...others] = Object.entries(arrays)
  for (const [name, array] of others) {
    if (array.length === length) continue
    throw new UserError({
      where: `${where}.${name}`,
      problem: 'mismatched',
      value: `${array.length} values`,
      expected: `${length}, as many as in ${first}`,
    })
  }
}

/**
 * Makes sure that a rank is not counted from 0; NaN, of a score that is none, is no hit and may pass.
 * @param where the metric
 * @throws UserError `invalid` for a rank below 1
 */
export function checkRank(where: string, rank: number): void {
  if (rank < 1)
    throw new UserError({ where: `${where}.rank`, problem: 'invalid', value: `${rank}`, expected: 'a rank from 1' })
}
