/** @file Why KMCLR ranks an item: how near it is to what each behavior says of the user. */

import type { BuiltModel } from '../../contract/model.ts'
import { averageRow, sharesOf } from '../../parts/score-shares.ts'

/**
 * Shares of behaviors in the scores of items: u^k . i, less what it is of the average item, for the behaviors that the
 * history has. Negative ones count as nothing, unless all are. Somebody whom training does not know has none.
 * @param behaviors the names of those that are read, in the order of the reason `behaviors`, [K D]; the reason `known`
 * is [1]
 */
export function explainBehaviors(
  behaviors: readonly { readonly name: string; readonly index: number }[],
): NonNullable<BuiltModel['explain']> {
  return ({ behavior: events }, items, { known, behaviors: vectors }, scores) => {
    const { table, width } = scores
    const present = behaviors.flatMap(({ name, index }, at) => (events.includes(index) ? [{ name, at }] : []))
    if (!known?.[0] || !vectors || present.length === 0) return items.map((item) => ({ item }))
    const average = averageRow(scores)
    return items.map((item) => {
      const row = table.subarray(item * width, (item + 1) * width)
      const shares = sharesOf(
        present.map(({ at }) =>
          row.reduce(
            (sum, value, place) => sum + (value - (average[place] as number)) * (vectors[at * width + place] as number),
            0,
          ),
        ),
      )
      return { item, behaviors: Object.fromEntries(present.map(({ name }, one) => [name, shares[one] as number])) }
    })
  }
}
