/** @file Items of a pair's user by each behavior: one that he met, and one that he did not. */
import type { BehaviorIndex } from '../../dataset/schema.ts'
import { Bug } from '../../errors.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Extra, TrainingData } from '../kind.ts'
import type { PairRow } from '../pairs.ts'
import { outside } from './negatives.ts'

/** What {@link behaviorItems} adds. */
export interface BehaviorItems {
  /** An item that the row's user met by each behavior, the row's own by the last one; 0 for none: [B, K] int64. */
  readonly positive_BK: Tensor
  /** An item that he did not meet by that behavior, [B, K] int64. */
  readonly negative_BK: Tensor
}

/** The items of a user by each behavior. */
type Touched = readonly { readonly all: Int32Array; readonly set: ReadonlySet<number> }[]

/**
 * For each pair an item of its user for each behavior, drawn at every step from his training events, and one that those
 * do not hold by this behavior, drawn uniformly.
 * @param behaviors which, in the order of the columns; the pairs are of the last one
 */
export function behaviorItems(behaviors: readonly BehaviorIndex[]): Extra<BehaviorItems, readonly PairRow[]> {
  const count = behaviors.length
  let known: { readonly data: TrainingData; readonly users: Map<number, Touched> } | undefined
  const touchedBy = (data: TrainingData, user: number): Touched => {
    if (known?.data !== data) known = { data, users: new Map() }
    const touched = known.users.get(user) ?? itemsOf(data, user, behaviors)
    known.users.set(user, touched)
    return touched
  }
  return {
    declare: ({ rows }, input) => ({
      positive_BK: input('positives', [rows, count], 'int64'),
      negative_BK: input('negatives.of', [rows, count], 'int64'),
    }),
    fill(pairs, { rows, targets }, buffers, drawn) {
      const [positive, negative] = [buffers['positives'], buffers['negatives.of']] as (BigInt64Array | undefined)[]
      if (targets === 0 || (!positive && !negative)) return
      if (!drawn) throw new Bug('items of behaviors are drawn in training alone')
      const { data, random } = drawn
      const items = data.dataset.catalog.ids.length - 1
      for (let row = 0; row < rows; row++) {
        const { user, item } = pairs[row < pairs.length ? row : 0] as PairRow
        for (const [at, { all, set }] of touchedBy(data, user).entries()) {
          const own = at === count - 1 ? item : (all[random.integer(Math.max(1, all.length))] ?? 0)
          const other = outside(set, items, random)()
          if (positive) positive[row * count + at] = BigInt(own)
          if (negative) negative[row * count + at] = BigInt(other)
        }
      }
    },
  }
}

function itemsOf(data: TrainingData, user: number, behaviors: readonly BehaviorIndex[]): Touched {
  return behaviors.map((behavior) => {
    const set = itemsBy(behavior, user, data)
    return { all: Int32Array.from(set), set }
  })
}

/** The distinct items of a user's training events of a behavior, in the order they first met. */
export function itemsBy(
  behavior: BehaviorIndex,
  user: number,
  { dataset: { events }, split }: Pick<TrainingData, 'dataset' | 'split'>,
): ReadonlySet<number> {
  const [begin, end] = [events.start[user] as number, split?.trainEnd[user] ?? (events.start[user + 1] as number)]
  const items = new Set<number>()
  for (let row = begin; row < end; row++) if (events.behavior[row] === behavior) items.add(events.item[row] as number)
  return items
}
