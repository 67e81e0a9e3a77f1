import { describe, expect, it } from 'vitest'
import { expectedRank } from '../metrics/expected-rank.ts'
import { ndcg } from '../metrics/ndcg.ts'
import { makeEvents, type TrueEvent, type TrueUser } from './sessions.ts'
import { demoShop, makeItems, type TrueItem } from './world.ts'

const items = makeItems(demoShop)
const { events, users } = makeEvents(demoShop, items)
const eventsOf = new Map<string, TrueEvent[]>(users.map(({ id }) => [id, []]))
for (const event of events) eventsOf.get(event.user)!.push(event)

/** Mean NDCG@10 of each user's last favorite among the items that were not touched before it. */
function measure(score: (item: TrueItem, user: TrueUser) => number): number {
  const gains = users.map((user) => {
    const own = eventsOf.get(user.id)!
    const last = own.findLastIndex(({ behavior }) => behavior === 'favorite')
    const target = own[last]!.item
    const out = new Set(own.slice(0, last + 1).map(({ item }) => item))
    const others = items.filter((_, at) => !out.has(at)).map((item) => score(item, user))
    return ndcg(expectedRank(score(items[target]!, user), others), 10)
  })
  return gains.reduce((sum, gain) => sum + gain, 0) / gains.length
}

/**
 * The weight of an item in the draw of a favorite, told the interest of the visit; the look is the true one, or the
 * pictured.
 */
const led = (look: 'style' | 'pictured') => (item: TrueItem, user: TrueUser) => {
  const { style, topic } = user.interests.at(-1)!
  return item.popularity * (item.topic === topic ? 60 : 1) * (item[look] === style ? 10 : 1)
}
/** What is left when only the user's taste is known, not what this visit is for. */
const byTaste = ({ popularity, topic, style }: TrueItem, { topics, styles }: TrueUser) =>
  popularity * (topics.includes(topic) ? 60 : 1) * (styles.includes(style) ? 10 : 1)

describe('what is planted in the demo shop', () => {
  const popularity = measure((item) => item.popularity)
  const oracle = measure(led('style'))

  it('lets an oracle rank the next favorite far better than popularity', () => {
    expect(oracle).toBeGreaterThan(4 * popularity)
  })

  it('leaves room: nobody can foresee every favorite', () => {
    expect(oracle).toBeLessThan(0.6)
  })

  it('tells more by what the visit is for than by the taste alone', () => {
    const taste = measure(byTaste)
    expect(taste).toBeGreaterThan(1.5 * popularity)
    expect(oracle).toBeGreaterThan(1.5 * taste)
  })

  it('misleads by wrong pictures whoever trusts them', () => {
    expect(measure(led('pictured'))).toBeLessThan(oracle)
  })

  it('never lets a user touch an item twice, nor two events share a time', () => {
    for (const own of eventsOf.values()) {
      expect(new Set(own.map(({ item }) => item)).size).toBe(own.length)
      expect(own.every(({ time }, at) => at === 0 || time > own[at - 1]!.time)).toBe(true)
    }
  })
})
