import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { historyBefore } from './histories.ts'
import type { Dataset, Split } from './schema.ts'
import { splitDataset } from './splits.ts'

/** Targets as `user item time`. */
function lines({ events }: Dataset, rows: Int32Array): string[] {
  return Array.from(rows, (row) => `${events.user[row]} ${events.item[row]} ${events.time[row]}`)
}

describe('leave-one-out', () => {
  const log: TinyEvent[] = [
    [1, 1, 'click', 1],
    [1, 1, 'favorite', 1],
    [1, 2, 'click', 2],
    [1, 3, 'favorite', 3],
    [1, 4, 'favorite', 4],
    [1, 5, 'click', 5],
    [2, 1, 'click', 1],
    [2, 2, 'favorite', 2],
    [3, 1, 'click', 7],
  ]

  it('tests the last target, validates on the one before, and trains on what came before both', () => {
    const dataset = tinyDataset({ events: log })
    const split = splitDataset(dataset)
    expect(split.protocol).toBe('leave-one-out')
    expect(lines(dataset, split.test)).toEqual(['1 4 4', '2 2 2'])
    expect(lines(dataset, split.validation)).toEqual(['1 3 3'])
    // User 1 trains on three rows, user 2 (one target, tested) on one, user 3 (no target) on all.
    expect([...split.trainEnd]).toEqual([0, 3, 7, 9])
  })

  it('takes no target that the candidates policy would leave out', () => {
    const events: TinyEvent[] = [
      [1, 1, 'favorite', 1],
      [1, 2, 'click', 2],
      [1, 2, 'favorite', 3],
      [1, 1, 'favorite', 4],
    ]
    const testOf = (candidates: 'unseen' | 'untargeted' | 'all'): string[] => {
      const dataset = tinyDataset({ events, candidates })
      return lines(dataset, splitDataset(dataset).test)
    }
    expect(testOf('unseen')).toEqual(['1 1 1'])
    expect(testOf('untargeted')).toEqual(['1 2 3'])
    expect(testOf('all')).toEqual(['1 1 4'])
  })

  it('lets a target stand whose click came at the same time', () => {
    const dataset = tinyDataset({
      events: [
        [1, 9, 'click', 1],
        [1, 2, 'click', 5],
        [1, 2, 'favorite', 5],
      ],
    })
    expect(lines(dataset, splitDataset(dataset).test)).toEqual(['1 2 5'])
  })

  it('counts the targets without a history', () => {
    const dataset = tinyDataset({ events: [[1, 2, 'favorite', 5]] })
    expect(splitDataset(dataset).emptyHistories).toEqual({ validation: 0, test: 1 })
  })
})

describe('the time protocol', () => {
  const events: TinyEvent[] = Array.from(
    { length: 10 },
    (_, at): TinyEvent => [1 + (at % 2), at + 1, 'favorite', at * 10],
  )

  it('cuts so that the last fifth of the targets is tested and the tenth before validates', () => {
    const dataset = tinyDataset({ events })
    const split = splitDataset(dataset, { protocol: 'time' })
    expect(split.cuts).toEqual([70, 80])
    expect(lines(dataset, split.validation)).toEqual(['2 8 70'])
    expect(lines(dataset, split.test)).toEqual(['1 9 80', '2 10 90'])
    expect([...split.trainEnd]).toEqual([0, 4, 8])
  })

  it('never cuts among events that have an order but no time', () => {
    const dataset = tinyDataset({ events })
    const split = splitDataset(
      { ...dataset, manifest: { ...dataset.manifest, timesFrom: 60 } },
      { protocol: 'time', testShare: 0.25, validationShare: 0.5 },
    )
    expect(split.cuts).toEqual([70, 90])
  })

  it('is refused where there is only an order', () => {
    const dataset = tinyDataset({ events, time: 'order' })
    expect(() => splitDataset(dataset, { protocol: 'time' })).toThrow(
      /^protocol: unsupported: time, but tiny has only an order/,
    )
  })

  it('is not taken for another one where its name is misspelled', () => {
    expect(() => splitDataset(tinyDataset({ events }), { protocol: 'tiem' as 'time' })).toThrow(
      'protocol: unknown: "tiem", expected one of leave-one-out, time, given. did you mean "time"?',
    )
  })

  it('refuses shares that leave nothing to train on', () => {
    expect(() =>
      splitDataset(tinyDataset({ events }), { protocol: 'time', testShare: 0.6, validationShare: 0.4 }),
    ).toThrow(/^validationShare and testShare: invalid: 0.4 and 0.6/)
  })
})

describe('the given protocol', () => {
  it('follows the roles', () => {
    const dataset = tinyDataset({
      events: [
        [1, 1, 'click', 1],
        [1, 2, 'click', 2, 1],
        [1, 3, 'click', 3, 2],
      ],
      behaviors: ['click'],
      time: 'order',
    })
    const split = splitDataset(dataset)
    expect(split.protocol).toBe('given')
    expect([lines(dataset, split.validation), lines(dataset, split.test), [...split.trainEnd]]).toEqual([
      ['1 2 2'],
      ['1 3 3'],
      [0, 1],
    ])
  })

  it('is refused where none came', () => {
    expect(() => splitDataset(tinyDataset({ events: [[1, 1, 'click', 1]] }), { protocol: 'given' })).toThrow(
      /^protocol: unsupported: given/,
    )
  })
})

describe('no protocol leaks', () => {
  const event = tuple(
    integer({ min: 1, max: 3 }),
    integer({ min: 1, max: 6 }),
    constantFrom('click', 'favorite'),
    integer({ min: 0, max: 9 }),
  )
  const leaks = ({ events, manifest }: Dataset, { validation, test, trainEnd, cuts }: Split): string[] =>
    [...validation, ...test].flatMap((row) => {
      const user = events.user[row] as number
      const time = events.time[row] as number
      const history = historyBefore(events, user, time)
      const trained = events.time.subarray(events.start[user], trainEnd[user])
      return [
        ...(history.time.every((earlier) => earlier < time) ? [] : ['input']),
        ...(trained.every((earlier) => earlier < time && earlier < (cuts?.[0] ?? Number.POSITIVE_INFINITY))
          ? []
          : ['training']),
        ...(manifest.candidates === 'unseen' && history.item.includes(events.item[row] as number) ? ['seen'] : []),
      ]
    })

  it.each(['leave-one-out', 'time'] as const)('%s', (protocol) => {
    let targets = 0
    assert(
      property(
        array(event, { minLength: 1, maxLength: 60 }),
        constantFrom('unseen', 'untargeted', 'all'),
        (events, candidates) => {
          const dataset = tinyDataset({ events, candidates, users: 3, items: 6 })
          const split = splitDataset(dataset, { protocol })
          targets += split.test.length
          expect(leaks(dataset, split)).toEqual([])
          expect(new Set([...split.validation, ...split.test]).size).toBe(split.validation.length + split.test.length)
        },
      ),
      { seed: 7 },
    )
    expect(targets).toBeGreaterThan(100)
  })
})
