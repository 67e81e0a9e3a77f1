import { describe, expect, it } from 'vitest'
import { auc } from '../metrics/auc.ts'
import { accidentOracle } from './accident-oracle.ts'
import { makeEvents } from './sessions.ts'
import { makeItems, shopDefaults, type TrueItem } from './world.ts'

const item = (id: string, style: number, topic: number): TrueItem => ({
  id,
  style,
  topic,
  pictured: style,
  wrongPicture: false,
  popularity: 1,
})
const click = (at: number, time = 0) => ({ item: at, behavior: 'click' as const, time })
const taste = { styles: [0, 2], topics: [0, 3] }

describe('the oracle of accidental clicks', () => {
  const shop = { items: [item('a', 0, 0), item('b', 1, 1)], settings: { accidentalShare: 0.3 } }

  it('is as Bayes has it for a click of the first visit, whose interest is known: style 0 and topic 0', () => {
    const ofA = 0.15 / (0.15 + (0.7 * 3200) / 3201)
    const ofB = 0.15 / (0.15 + 0.7 / 3201)
    expect(accidentOracle(shop)(taste, [click(0)])[0]).toBeCloseTo(ofA, 12)
    expect(accidentOracle(shop)(taste, [click(1)])[0]).toBeCloseTo(ofB, 12)
  })

  it('reads what comes after: a favorite of the same style speaks for a click, one of another against it', () => {
    const items = [item('a', 0, 0), item('b', 1, 1), item('c', 2, 1), item('d', 2, 3), item('e', 0, 3)]
    const day = 86_400_000
    const oracle = accidentOracle({ ...shop, items })
    const followedBy = (at: number): number =>
      oracle(taste, [click(0), click(2, day), { item: at, behavior: 'favorite', time: day + 1 }])[1] as number
    expect(followedBy(4)).toBeGreaterThan(0.9)
    expect(followedBy(3)).toBeLessThan(followedBy(4) - 0.1)
  })

  it('expects as many accidents as were planted, and finds most of them', () => {
    const settings = { ...shopDefaults, users: 60, items: 300 }
    const items = makeItems(settings)
    const { events, users } = makeEvents(settings, items)
    const oracle = accidentOracle({ items, settings })
    const told = users.flatMap((user) => {
      const own = events.filter((event) => event.user === user.id)
      const found = oracle(user, own)
      return own.flatMap(({ behavior, accidental }, at) =>
        behavior === 'click' ? [{ probability: found[at] as number, accidental }] : [],
      )
    })
    const probabilities = told.map(({ probability }) => probability)
    const flags = told.map(({ accidental }) => accidental)
    const mean = probabilities.reduce((sum, one) => sum + one, 0) / told.length
    expect(Math.abs(mean - flags.filter(Boolean).length / told.length)).toBeLessThan(0.03)
    expect(auc(probabilities, flags)).toBeGreaterThan(0.9)
  })
})
