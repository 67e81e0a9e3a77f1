/** @file Drawn negatives: items that a user did not choose, beside each target. */
import { Bug } from '../../errors.ts'
import type { RandomStream } from '../../random/stream.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Extra, TrainingData } from '../kind.ts'
import type { Window } from '../windows.ts'

/** What {@link negatives} adds. */
export interface Negatives {
  /** Items beside each target: [P, count] int64. */
  readonly negative_PN: Tensor
}

/**
 * `count` items for each target, drawn uniformly at every step from those that the user's training events do not hold.
 */
export function negatives(count: number): Extra<Negatives, readonly Window[]> {
  return {
    recipe: { name: 'negatives', settings: count },
    declare: ({ targets }, input) => ({ negative_PN: input('negatives', [targets, count], 'int64') }),
    fill(windows, { targets }, buffers, drawn) {
      const into = buffers['negatives'] as BigInt64Array | undefined
      if (!into || targets === 0) return
      if (!drawn) throw new Bug('negatives are drawn in training alone')
      into.fill(1n)
      let at = 0
      for (const { history, targets: own } of windows) {
        const draw = untouchedBy(drawn.data, history.user, drawn.random)
        for (let left = own.length * count; left > 0; left--) into[at++] = BigInt(draw())
      }
    },
  }
}

/** Draws uniformly from the items that a user's training events do not hold; from all items where none is left. */
export function untouchedBy({ dataset, split }: TrainingData, user: number, random: RandomStream): () => number {
  const { events, catalog } = dataset
  const end = split?.trainEnd[user] ?? events.start[user + 1] ?? 0
  return outside(new Set(events.item.subarray(events.start[user] ?? 0, end)), catalog.ids.length - 1, random)
}

/** Draws uniformly from the items 1 to `items` but some; from all items where none is left. */
export function outside(own: ReadonlySet<number>, items: number, random: RandomStream): () => number {
  if (2 * own.size > items) {
    const left = Int32Array.from({ length: items }, (_, at) => at + 1).filter((item) => !own.has(item))
    return () => (left.length > 0 ? (left[random.integer(left.length)] as number) : 1 + random.integer(items))
  }
  return () => {
    let item: number
    do item = 1 + random.integer(items)
    while (own.has(item))
    return item
  }
}
