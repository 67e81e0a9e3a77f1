/** @file How often items come among the events that training learns from. */
import type { TrainingData } from './kind.ts'

/** The training events of each item, [items + 1]. */
export function trainingCounts({ dataset, split }: TrainingData): Float64Array {
  const { events, catalog } = dataset
  const counts = new Float64Array(catalog.ids.length)
  for (let user = 1; user < (split?.trainEnd.length ?? 0); user++) {
    const end = split?.trainEnd[user] ?? 0
    for (let row = events.start[user] as number; row < end; row++) {
      const item = events.item[row] as number
      counts[item] = (counts[item] as number) + 1
    }
  }
  return counts
}
