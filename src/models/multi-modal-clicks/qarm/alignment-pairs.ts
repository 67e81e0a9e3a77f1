/** @file Pairs of items that align vectors: a click, and what its user had done before that most others did too. */
import type { ItemPair } from '../../../batches/item-pairs.ts'
import type { TrainingData } from '../../../batches/kind.ts'
import type { ClickSamples } from '../../../dataset/click-samples.ts'
import { Bug } from '../../../errors.ts'
import { countSharedUsers, touchedItems } from '../../parts/co-occurrence.ts'

/**
 * (1): for each click of training the event of its history, of the last `maxLength`, whose item shares most users with
 * the clicked one, over the root of how many users each has; of equal ones the latest. A click without an earlier event
 * of another item has no pair.
 */
export function alignmentPairs({ dataset, samples }: TrainingData, maxLength: number): ItemPair[] {
  if (!samples) throw new Bug('the pairs of QARM are made from labelled samples')
  const { columns, user, item, end, label, train } = samples
  const itemCount = dataset.catalog.ids.length - 1
  const itemsOf = itemsInTraining(samples, dataset.userIds.length)
  const usersOf = new Float64Array(itemCount + 1)
  for (const items of itemsOf) for (const one of items) usersOf[one] = (usersOf[one] as number) + 1
  const clicksOn = new Map<number, number[]>()
  for (const sample of train) {
    const target = item[sample] as number
    if (label[sample] === 1) clicksOn.set(target, [...(clicksOn.get(target) ?? []), sample])
  }
  const triggers = new Int32Array(user.length)
  countSharedUsers(touchedItems(itemsOf, itemCount), (target, _, shared) => {
    for (const sample of clicksOn.get(target) ?? []) {
      const last = end[sample] as number
      const first = Math.max(columns.start[user[sample] as number] as number, last - maxLength)
      let best = 0
      for (let row = first; row < last; row++) {
        const one = columns.item[row] as number
        const closeness = (shared[one] as number) / Math.sqrt(usersOf[one] as number)
        if (one === target || closeness < best) continue
        best = closeness
        triggers[sample] = one
      }
    }
  })
  const paired = [...train].filter((sample) => triggers[sample] !== 0)
  return paired.map((sample) => [triggers[sample] as number, item[sample] as number])
}

/** The items of each user from 1 that training shows: what its clicks are on, and the histories before them. */
function itemsInTraining({ columns, user, item, end, label, train }: ClickSamples, users: number): Set<number>[] {
  const [itemsOf, read] = [Array.from({ length: users }, () => new Set<number>()), new Int32Array(users)]
  for (const sample of train) {
    const owner = user[sample] as number
    read[owner] = Math.max(read[owner] as number, end[sample] as number)
    if (label[sample] === 1) itemsOf[owner]?.add(item[sample] as number)
  }
  for (let owner = 1; owner < users; owner++) {
    for (let row = columns.start[owner] as number; row < (read[owner] as number); row++)
      itemsOf[owner]?.add(columns.item[row] as number)
  }
  return itemsOf.slice(1)
}
