/** @file Refuses a table whose figures were not made the same way. */
import { UserError } from '../../errors.ts'
import type { Frame } from '../terms.ts'

/** One variant's frame, by the name it has in the table. */
export interface VariantFrame {
  readonly variant: string
  readonly frame: Frame
}

const facets: readonly (readonly [what: string, of: (frame: Frame) => string])[] = [
  [
    'split',
    ({ split: { protocol, ...shares } }) => (protocol === 'time' ? `time ${JSON.stringify(shares)}` : String(protocol)),
  ],
  ['candidates', ({ candidates }) => candidates],
  ['sampled negatives', ({ negatives }) => negatives ?? 'none'],
  ['targets', ({ targets }) => targets],
]

/**
 * Refuses figures of different splits, candidates policies, sampled negatives or targets in one table.
 * @throws UserError `mismatched`, naming the two variants and what differs
 */
export function checkSameFrame(table: string, [first, ...others]: readonly VariantFrame[]): void {
  for (const other of first ? others : []) {
    for (const [what, of] of facets) {
      const [expected, found] = [of((first as VariantFrame).frame), of(other.frame)]
      if (expected === found) continue
      throw new UserError({
        where: `table "${table}", ${other.variant}`,
        problem: 'mismatched',
        value: `${what} ${found}`,
        expected: `${what} ${expected}, as of ${first?.variant}`,
        hint: 'figures of different protocols need tables of their own',
      })
    }
  }
}
