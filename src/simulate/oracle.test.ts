import { describe, expect, it } from 'vitest'
import { expectedRank } from '../metrics/expected-rank.ts'
import { ndcg } from '../metrics/ndcg.ts'
import { type Knowledge, oracle } from './oracle.ts'
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

const told = { user: 'interest', clicks: 'told', looks: 'told', topics: 'told' } as const
const reader = { user: 'nothing', clicks: 'weighed', looks: 'weighed', topics: 'told' } as const

describe('an oracle', () => {
  const shop = { items, settings: demoShop }
  /** Mean log-probability of the last favorites of some users: nobody who knows less can have more of it. */
  function likelihood(knowledge: Knowledge): number {
    const weigh = oracle(shop, knowledge)
    const logs = users.slice(0, 100).map((user) => {
      const own = eventsOf.get(user.id)!
      const last = own.findLastIndex(({ behavior }) => behavior === 'favorite')
      const weights = weigh(user, own.slice(0, last))
      for (const { item } of own.slice(0, last)) weights[item] = 0
      return Math.log(weights[own[last]!.item]! / weights.reduce((sum, weight) => sum + weight, 0))
    })
    return logs.reduce((sum, log) => sum + log, 0) / logs.length
  }

  it('knows better the more it is told', () => {
    const whole = likelihood(reader)
    const styles = likelihood({ ...reader, looks: 'told' })
    expect(styles).toBeGreaterThan(whole)
    expect(likelihood({ ...told, user: 'nothing' })).toBeGreaterThan(styles)
    expect(likelihood(told)).toBeGreaterThan(likelihood({ ...told, user: 'taste' }))
    const blinder = [{ clicks: 'unread' }, { looks: 'unseen' }, { topics: 'unseen' }] as const
    const less = blinder.map((part) => likelihood({ ...reader, ...part }))
    expect(less.every((one) => one < whole)).toBe(true)
  })

  it('weighs by popularity alone where it reads nothing', () => {
    const weights = oracle(shop, { user: 'nothing', clicks: 'unread', looks: 'unseen', topics: 'unseen' })(
      users[0]!,
      [],
    )
    const total = items.reduce((sum, { popularity }) => sum + popularity, 0)
    for (const [at, { popularity }] of items.entries()) expect(weights[at]).toBeCloseTo(popularity / total, 10)
  })

  it('infers the interest of a first visit by Bayes’ rule, with clicks that may be accidental', () => {
    const [user] = users as [TrueUser]
    const own = eventsOf.get(user.id)!.slice(0, 3)
    const weigh = (item: TrueItem, look: number, style: number, topic: number, [ofLook, ofTopic]: [number, number]) =>
      item.popularity * (look === style ? ofLook : 1) * (item.topic === topic ? ofTopic : 1)
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
    const wanted = items.map(() => 0)
    let evidence = 0
    for (let interest = 0; interest < 100; interest++) {
      const [style, topic] = [Math.floor(interest / 10), interest % 10]
      const left = new Set(items)
      let chance = 1
      for (const { item } of own) {
        const clicked = items[item]!
        const led = (one: TrueItem) => weigh(one, one.pictured, style, topic, [80, 40])
        const [drawn, popular] = [led, ({ popularity }: TrueItem) => popularity].map(
          (weight) => weight(clicked) / sum([...left].map(weight)),
        ) as [number, number]
        chance *= 0.7 * drawn + 0.3 * popular
        left.delete(clicked)
      }
      const favored = (one: TrueItem) => weigh(one, one.style, style, topic, [40, 80])
      const all = sum([...left].map(favored))
      for (const [at, one] of items.entries()) wanted[at]! += (chance * favored(one)) / all
      evidence += chance
    }
    const weights = oracle(shop, { ...reader, looks: 'told' })(user, own)
    for (const [at, one] of wanted.entries()) expect((weights[at]! * evidence) / one).toBeCloseTo(1, 6)
  })
})
