import { expect, it } from 'vitest'
import type { History } from '../dataset/schema.ts'
import { leftOutShares } from './left-out-shares.ts'

const history = (behavior: readonly number[]): History => ({
  user: 1,
  item: Int32Array.from(behavior, (_, at) => at + 1),
  behavior: Uint8Array.from(behavior),
  time: Float64Array.from(behavior, (_, at) => at),
})

/** Item 1 gains 1 by each view and 3 by each cart, 2 by pictures and 6 by texts; item 2 is the other to be ahead of. */
const leavingOut = {
  behaviors: ['view', 'cart', 'buy'],
  modalities: ['image', 'text'] as const,
  score: ({ behavior }: History, without?: string) => {
    const events = behavior.reduce((sum, one) => sum + ([1, 3, 0][one] as number), 0)
    const content = (without === 'image' ? 0 : 2) + (without === 'text' ? 0 : 6)
    return Promise.resolve(Float32Array.of(Number.NEGATIVE_INFINITY, events + content, 0))
  },
}
const told = [{ item: 1, behaviors: { view: 1, cart: 0, buy: 0 }, modalities: { id: 0.5, image: 0.4, text: 0.1 } }]

it('shares are what the item falls without each, and the id keeps its own', async () => {
  const [one] = await leftOutShares(leavingOut, history([0, 1, 0]), told)
  expect(one?.behaviors).toEqual({ view: 0.4, cart: 0.6, buy: 0 })
  expect(one?.modalities).toEqual({ id: 0.5, image: 0.125, text: 0.375 })
})

it('a history of one behavior owes it everything, and an explanation without shares gets none', async () => {
  const [one] = await leftOutShares(leavingOut, history([2, 2]), told)
  expect(one?.behaviors).toEqual({ view: 0, cart: 0, buy: 1 })
  expect(await leftOutShares(leavingOut, history([0, 1]), [{ item: 1 }])).toEqual([{ item: 1 }])
  const alone = await leftOutShares({ ...leavingOut, modalities: ['text'] }, history([0, 1]), told)
  expect(alone[0]?.modalities).toEqual(told[0]?.modalities)
})
