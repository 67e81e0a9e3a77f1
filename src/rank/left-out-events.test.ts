import { expect, it } from 'vitest'
import type { History } from '../dataset/schema.ts'
import { leftOutEvents } from './left-out-events.ts'

const history = (item: readonly number[], behavior: readonly number[]): History => ({
  user: 1,
  item: Int32Array.from(item),
  behavior: Uint8Array.from(behavior),
  time: Float64Array.from(item, (_, at) => at),
})

/** Item 1 adds 3 to the first number of a user, item 2 adds 1, item 3 takes 2 away; the second number is always 5. */
const adds = [0, 3, 1, -2]
const vectors = (histories: readonly History[]) =>
  Promise.resolve(
    Float32Array.from(histories.flatMap(({ item }) => [item.reduce((sum, one) => sum + (adds[one] as number), 0), 5])),
  )
/** The pad, items 1 to 3: the average item has 1 in the first number, and the second is a constant of all. */
const scores = { table: Float32Array.of(0, 0, 3, 7, 0, 7, 0, 7), width: 2 }

it('names the events that a score falls without, more than that of the average item', async () => {
  const read = history([1, 3, 2, 2], [0, 0, 0, 1])
  const [first, second] = await leftOutEvents({ vectors, scores }, read, [{ item: 1 }, { item: 2 }])
  // Item 1 is 2 above the average: it owes 6 to item 1, and 2 to each event of item 2.
  expect(first?.because).toEqual([
    { item: 1, behavior: 0, share: 0.6 },
    { item: 2, behavior: 0, share: 0.2 },
    { item: 2, behavior: 1, share: 0.2 },
  ])
  // Item 2 is 1 below: item 3 alone speaks for it.
  expect(second?.because).toEqual([{ item: 3, behavior: 0, share: 1 }])
})

it('leaves events of one name out together, and names none where there is no other', async () => {
  const [twice] = await leftOutEvents({ vectors, scores }, history([2, 1, 2, 2], [0, 0, 0, 0]), [{ item: 1 }])
  expect(twice?.because).toEqual([
    { item: 2, behavior: 0, share: 0.5 },
    { item: 1, behavior: 0, share: 0.5 },
  ])
  expect(await leftOutEvents({ vectors, scores }, history([2, 2], [0, 0]), [{ item: 1 }])).toEqual([{ item: 1 }])
})
