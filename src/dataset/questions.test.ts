import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCandidates, checkInput, checkTraining } from '../evaluate/leak-check.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { excludedItems } from './candidates.ts'
import { historyBefore } from './histories.ts'
import { askedOf, chosenQuestion, rankableCounts } from './questions.ts'
import type { Dataset } from './schema.ts'
import { splitDataset } from './splits.ts'
import { visitStarts, withoutOwnEvents } from './visits.ts'

const minute = 60_000
const behaviors = ['view', 'cart', 'order']
const log = (...events: readonly TinyEvent[]): Dataset => tinyDataset({ behaviors, events, items: 9 })
const lines = ({ events, manifest }: Dataset): string[] =>
  Array.from(events.item, (item, row) => {
    const behavior = manifest.behaviors[events.behavior[row] as number]
    return `${events.user[row]} ${behavior} ${item} at ${(events.time[row] as number) / minute}`
  })

describe('a visit', () => {
  const { events } = log(
    [1, 1, 'view', 0],
    [1, 2, 'view', 30 * minute],
    [1, 3, 'view', 61 * minute],
    [2, 1, 'view', 62 * minute],
  )

  it('ends after the idle minutes, and with its user', () => {
    expect([...visitStarts(events, { idleMinutes: 30 })]).toEqual([0, 0, 2, 3])
    expect([...visitStarts(events, { idleMinutes: 31 })]).toEqual([0, 0, 0, 3])
    expect([...visitStarts(events, { idleMinutes: 31, timesFrom: minute })]).toEqual([0, 1, 1, 3])
  })
})

// Two visits. In the first, item 1 is viewed, carted and ordered; item 2 is viewed. In the second, item 2 is ordered.
const shop = log(
  [1, 1, 'view', 0],
  [1, 2, 'view', minute],
  [1, 1, 'cart', 2 * minute],
  [1, 1, 'order', 3 * minute],
  [1, 1, 'view', 4 * minute],
  [1, 2, 'view', 500 * minute],
  [1, 3, 'view', 501 * minute],
  [1, 2, 'order', 502 * minute],
  [1, 3, 'order', 503 * minute],
)

describe('discovery', () => {
  const asked = askedOf(shop, { question: 'discovery' })

  it('leaves of a visit on an item that is ordered in it the order, and what comes after', () => {
    expect(lines(asked)).toEqual([
      '1 view 2 at 1',
      '1 order 1 at 3',
      '1 view 1 at 4',
      '1 order 2 at 502',
      '1 order 3 at 503',
    ])
    expect([...asked.events.start]).toEqual([0, 0, 5])
    expect(shop.events.item.length).toBe(9)
  })

  it('asks for items that were not touched before the visit', () => {
    const { test, validation, trainEnd } = splitDataset(asked)
    const item = (rows: Int32Array): number[] => Array.from(rows, (row) => asked.events.item[row] as number)
    // Item 2 was viewed in the visit before, so its order is no target.
    expect([item(validation), item(test), trainEnd[1]]).toEqual([[1], [3], 1])
    const history = historyBefore(asked.events, 1, 503 * minute)
    expect([...excludedItems(asked, history)].sort((a, b) => a - b)).toEqual([1, 2])
  })

  it('gives a dataset of another hash, which knows what it was made of', () => {
    expect(asked.hash).not.toBe(shop.hash)
    expect(askedOf(shop, { question: 'discovery', idleMinutes: 5 }).hash).not.toBe(asked.hash)
    expect([asked.asked?.of, askedOf(shop, {})]).toEqual([shop, shop])
  })

  it('needs times', () => {
    const ordered = tinyDataset({ behaviors, events: [[1, 1, 'order', 1]], time: 'order' })
    expect(() => askedOf(ordered, { question: 'discovery' })).toThrow(
      'question: unsupported: discovery, but tiny has only',
    )
  })
})

describe('the funnel', () => {
  it('asks for items that were not chosen before, whatever was looked at', () => {
    const asked = askedOf(shop, { question: 'funnel' })
    const { test } = splitDataset(asked)
    expect([asked.manifest.candidates, asked.events.item[test[0] as number]]).toEqual(['untargeted', 3])
    expect(splitDataset(shop).test.length).toBe(0)
  })
})

describe('the question of a log', () => {
  const chosen = (log: ReturnType<typeof tinyDataset>) => chosenQuestion(log.manifest, rankableCounts(log))

  it('counts what each can rank', () => {
    expect(rankableCounts(shop)).toEqual({ events: 3, unseen: 0, funnel: 3, discovery: 2 })
  })

  it('is discovery where visits lead to their own targets, and says so', () => {
    const { question, told } = chosen(shop)
    expect(question).toBe('discovery')
    expect(told).toContain(
      '0 of 3 order events are of an item never touched before, 2 of one not touched before the visit',
    )
  })

  it('is the funnel where earlier visits lead to them', () => {
    const later = log(
      [1, 1, 'view', 0],
      [1, 1, 'order', 900 * minute],
      [2, 1, 'view', 0],
      [2, 1, 'order', 900 * minute],
    )
    expect(chosen(later).question).toBe('funnel')
  })

  it('is none where targets are of new items, where there is one behavior, or a split of its own', () => {
    const fresh = log([1, 1, 'view', 0], [1, 2, 'order', 1], [1, 3, 'view', 2], [1, 4, 'order', 3])
    expect(chosen(fresh).question).toBeUndefined()
    const single = tinyDataset({
      behaviors: ['order'],
      events: [
        [1, 1, 'order', 0],
        [1, 1, 'order', 1],
      ],
    })
    expect(chosen(single).question).toBeUndefined()
    expect(chosen({ ...shop, manifest: { ...shop.manifest, ownSplit: true } }).question).toBeUndefined()
  })
})

describe('the guard of discovery, on random logs', () => {
  const event = tuple(
    integer({ min: 1, max: 4 }),
    integer({ min: 1, max: 6 }),
    constantFrom(...behaviors),
    integer({ min: 0, max: 60 }),
  )

  it('finds no event of the visit on the item, in training or input, by either protocol', () => {
    const guarded = property(
      array(event, { minLength: 20, maxLength: 60 }),
      constantFrom('leave-one-out', 'time'),
      (events, protocol) => {
        const timed = events.map(([user, item, behavior, time]) => [user, item, behavior, time * 20 * minute] as const)
        const asked = askedOf(log(...timed), { question: 'discovery' })
        const split = splitDataset(asked, { protocol })
        checkTraining(asked, split)
        for (const row of [...split.validation, ...split.test]) {
          const { user, time } = asked.events
          const history = historyBefore(asked.events, user[row] as number, time[row] as number)
          checkInput(asked, row, history)
          checkCandidates(asked, row, excludedItems(asked, history))
        }
      },
    )
    expect(() => assert(guarded)).not.toThrow()
  })

  it('fails where the log still has what led to a target', () => {
    const asked = { ...shop, asked: { question: 'discovery' as const, of: shop } }
    const order = 3
    expect(() => checkInput(asked, order, historyBefore(shop.events, 1, 3 * minute))).toThrow(
      'user "u1", event row 0: leaked: it is input to the target in row 3, expected no event of the item to discover',
    )
    const split = {
      protocol: 'time' as const,
      trainEnd: Int32Array.of(0, 3),
      validation: new Int32Array(0),
      test: Int32Array.of(order),
    }
    expect(() => checkTraining(asked, split)).toThrow('it trains the model on the item to discover')
  })

  it('keeps events of the time of the target, which it does not see', () => {
    const tied = log([1, 1, 'view', 5], [1, 1, 'order', 5])
    expect(withoutOwnEvents(tied.events, 2, { idleMinutes: 30 }).item.length).toBe(2)
  })
})
