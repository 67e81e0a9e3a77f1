/**
 * @file Users whose id is read as unknown while training, so that the row of unknown users learns what everybody has
 * in common: whoever comes later reads it, and else nobody but the rare ones would have trained it.
 */
import { catalogInput, type FrozenInputs } from '../models/contract/catalog.ts'
import { randomStream } from '../random/stream.ts'
import { wordsOf } from '../tensor/int64.ts'

/** What training graphs read of users, where some of the ids are hidden from each step. */
export interface HiddenUsers {
  /** As they were given, but for the table of the users' rows, which is a copy. */
  readonly frozen: FrozenInputs
  /** Hides another share of the users; the same for the same step, whatever was drawn before. */
  draw(step: number): void
}

/**
 * Hides a share of the users' ids. Their fields, numbers and histories stay.
 * @param userRow the row of each user's id, [users + 1]; that of user 0 is the row of unknown ones
 */
export function hiddenUsers(
  frozen: FrozenInputs,
  { userRow, share, seed }: { readonly userRow: Int32Array; readonly share: number; readonly seed: number },
): HiddenUsers {
  const name = catalogInput.fields('user')
  const table = frozen.get(name)?.slice() as BigInt64Array
  const words = wordsOf(table)
  const fields = table.length / userRow.length
  const unknown = userRow[0] as number
  return {
    frozen: { get: (input) => (input === name ? table : frozen.get(input)) },
    draw(step) {
      const random = randomStream(seed, 'unknown-users', step)
      for (const [user, row] of userRow.entries()) words[2 * user * fields] = random.uniform() < share ? unknown : row
    },
  }
}
