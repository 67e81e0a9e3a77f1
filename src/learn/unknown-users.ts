/**
 * @file Users whose id is read as unknown while training, so that the row of unknown users learns what everybody has
 * in common: whoever comes later reads it, and else nobody but the rare ones would have trained it.
 */
import { catalogInput, type FrozenInputs } from '../models/contract/catalog.ts'
import { mixSeed } from '../random/stream.ts'
import { wordsOf } from '../tensor/int64.ts'

/** What training graphs read of users, where some of the ids are hidden from each step. */
export interface HiddenUsers {
  /** As they were given, but for the table of the users' rows, which is a copy. */
  readonly frozen: FrozenInputs
  /**
   * Hides another share of the users of a batch; the same for the same step, whatever was drawn before.
   * @param batch indices of its users
   */
  draw(step: number, batch: readonly BigInt64Array[]): void
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
  const hidden = new Set<number>()
  const write = (user: number, row: number | undefined): void => {
    words[2 * user * fields] = row as number
  }
  return {
    frozen: { get: (input) => (input === name ? table : frozen.get(input)) },
    draw(step, batch) {
      for (const user of hidden) write(user, userRow[user])
      hidden.clear()
      const key = mixSeed(seed, 'unknown-users', step)
      for (const users of batch.map(wordsOf)) {
        for (let at = 0; at < users.length; at += 2) {
          const user = users[at] as number
          // The number is the user's, not the row's: who is twice in a batch is hidden in both places or in none.
          if ((mixSeed(key, user) >>> 0) / 2 ** 32 < share) hidden.add(user)
        }
      }
      for (const user of hidden) write(user, userRow[0])
    },
  }
}
