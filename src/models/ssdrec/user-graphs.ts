/** @file Which users are alike, and which are not though both are like a third one. */
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import type { SsdrecConfig } from './config.ts'
import { hotRows, rowSums, sparseRows, strongestOf } from './meetings.ts'

/** An item that more users have than this tells little of who is alike, and would cost the square of their number. */
const mostUsers = 2000

/**
 * (occurrences of a user's items with the other + the reverse) / (both lengths), which is 1 for the user alone; the
 * largest `neighbors` of each row, the user among them: [users + 1, users + 1]. Row 0 has itself.
 * @param counts how often each user has each item, [users + 1, items + 1]
 * @param users the same of items, its transpose
 */
export function similarUsers(
  counts: SparseMatrix,
  users: SparseMatrix,
  { neighbors }: Pick<SsdrecConfig, 'neighbors'>,
): SparseMatrix {
  const { rows, start, column, value } = counts
  const lengths = rowSums(counts)
  const alike = sparseRows(rows)
  alike.push([0], [1])
  const shared = new Float64Array(rows)
  for (let user = 1; user < rows; user++) {
    const others: number[] = []
    for (let at = start[user] as number; at < (start[user + 1] as number); at++) {
      const item = column[at] as number
      const [from, to] = [users.start[item] as number, users.start[item + 1] as number]
      if (to - from > mostUsers) continue
      for (let place = from; place < to; place++) {
        const other = users.column[place] as number
        if (other === user) continue
        if (shared[other] === 0) others.push(other)
        shared[other] = (shared[other] as number) + (value[at] as number) + (users.value[place] as number)
      }
    }
    const own = lengths[user] as number
    const likeness = (other: number): number =>
      other === user ? 1 : (shared[other] as number) / (own + (lengths[other] as number))
    alike.push(...strongestOf([user, ...others], likeness, neighbors))
    for (const other of others) shared[other] = 0
  }
  return alike.matrix()
}

/**
 * Users without a common item who are both among the most similar of a third one: the sum of the two similarities over
 * all such. The shortest histories take no part. Row 0 has itself.
 */
export function incompatibleUsers(
  counts: SparseMatrix,
  similar: SparseMatrix,
  { coldUsers, neighbors }: Pick<SsdrecConfig, 'coldUsers' | 'neighbors'>,
): SparseMatrix {
  const { rows } = counts
  const hot = hotRows(counts, coldUsers)
  const found = sparseRows(rows)
  found.push([0], [1])
  const own = new Uint8Array(counts.columns)
  const mark = (user: number, as: 0 | 1): void => eachOf(counts, user, (item) => void (own[item] = as))
  for (let user = 1; user < rows; user++) {
    if (!hot.has(user)) {
      found.push([], [])
      continue
    }
    mark(user, 1)
    /** Sums of similarities; 0 for who has a common item. */
    const sums = new Map<number, number>()
    eachOf(similar, user, (third, toThird) => {
      if (third === user) return
      eachOf(similar, third, (other, ofThird) => {
        if (other === user || other === third || !hot.has(other)) return
        const known = sums.get(other) ?? (sharesItems(counts, other, own) ? 0 : Number.MIN_VALUE)
        sums.set(other, known === 0 ? 0 : known + toThird + ofThird)
      })
    })
    mark(user, 0)
    const others = [...sums.keys()].filter((other) => sums.get(other) !== 0)
    found.push(...strongestOf(others, (other) => sums.get(other) as number, neighbors))
  }
  return found.matrix()
}

function eachOf({ start, column, value }: SparseMatrix, row: number, tell: (id: number, value: number) => void): void {
  for (let at = start[row] as number; at < (start[row + 1] as number); at++)
    tell(column[at] as number, value[at] as number)
}

function sharesItems({ start, column }: SparseMatrix, user: number, own: Uint8Array): boolean {
  for (let at = start[user] as number; at < (start[user + 1] as number); at++)
    if (own[column[at] as number]) return true
  return false
}
