import { describe, expect, it } from 'vitest'
import { type TinyEvent, type TinySettings, tinyDataset } from '../testing/tiny-dataset.ts'
import {
  type ClickSamples,
  type ClickSplitConfig,
  clickSamples,
  clickSplitConfig,
  clickSplitDefaults,
} from './click-samples.ts'
import type { Dataset } from './schema.ts'

type Shown = readonly [user: number, item: number, time: number, click: number]

/** A tiny dataset with impressions, sorted by user and time. */
function shownDataset(shown: readonly Shown[], settings: TinySettings): Dataset {
  const dataset = tinyDataset({ items: 9, ...settings })
  const impressions = {
    user: Int32Array.from(shown, (row) => row[0]),
    item: Int32Array.from(shown, (row) => row[1]),
    time: Float64Array.from(shown, (row) => row[2]),
    labels: { click: Uint8Array.from(shown, (row) => row[3]) },
  }
  const labels = { click: shown.filter((row) => row[3] === 1).length }
  return { ...dataset, manifest: { ...dataset.manifest, impressions: { count: shown.length, labels } }, impressions }
}

function samplesOf(dataset: Dataset, given: Partial<ClickSplitConfig> = {}): ClickSamples {
  return clickSamples(dataset, clickSplitConfig.parse({ ...clickSplitDefaults(dataset.manifest, given), ...given }))
}

const historyOf = ({ columns, user, end }: ClickSamples, sample: number): number[] =>
  Array.from(columns.item.subarray(columns.start[user[sample] as number], end[sample]))

/** Ten impressions at times 10, 20, ..., 100: the last two test, the one before validates. */
const shown: Shown[] = [
  [1, 1, 10, 1],
  [1, 2, 20, 0],
  [1, 1, 30, 0],
  [1, 3, 60, 1],
  [1, 4, 90, 1],
  [2, 1, 40, 0],
  [2, 2, 50, 1],
  [2, 3, 70, 1],
  [2, 5, 80, 0],
  [2, 4, 100, 0],
]
const events: TinyEvent[] = [
  [1, 7, 'click', 5],
  [1, 1, 'click', 10],
  [1, 1, 'favorite', 10],
  [1, 3, 'click', 60],
  [1, 4, 'click', 90],
  [2, 2, 'click', 50],
  [2, 3, 'click', 70],
]

describe('samples of impressions', () => {
  it('are split by time, as histories hold what came strictly before', () => {
    const samples = samplesOf(shownDataset(shown, { events }))
    expect([samples.train, samples.validation, samples.test].map((part) => [...part])).toEqual([
      [0, 1, 2, 3, 5, 6, 7],
      [8],
      [4, 9],
    ])
    // The click of an impression is an event of that very time: not in its history, but in the next one's.
    expect([...samples.user.keys()].map((sample) => historyOf(samples, sample))).toEqual([
      [7],
      [7, 1],
      [7, 1],
      [7, 1],
      [7, 1, 3],
      [],
      [],
      [2],
      [2, 3],
      [2, 3],
    ])
    // A click and the favorite of the same moment are one event, the deeper.
    expect([...samples.columns.behavior]).toEqual([0, 1, 0, 0, 0, 0])
    expect([...samples.label]).toEqual(shown.map((row) => row[3]))
  })

  it('of users without any event have an empty history', () => {
    const samples = samplesOf(shownDataset([...shown, [3, 1, 15, 0]], { events, users: 3 }))
    expect(historyOf(samples, 10)).toEqual([])
  })

  it('have a row of their own only where training knows the id', () => {
    const { vocabulary } = samplesOf(shownDataset(shown, { events }))
    // Training shows 1 three times, 2 and 3 twice; it reads 7, 1 and 2 in histories, and never shows 4 and 5.
    expect([...vocabulary.itemRow]).toEqual([0, 2, 3, 4, 1, 1, 1, 1, 1, 1])
    expect(vocabulary.itemRows).toBe(5)
    expect([...vocabulary.userRow]).toEqual([1, 2, 3])
    expect(vocabulary.userRows).toBe(4)
  })

  it('count each event of the histories once, and nothing that training does not read', () => {
    const known = (minimumCount: number) =>
      [...samplesOf(shownDataset(shown, { events }), { minimumCount }).vocabulary.itemRow].map((row) => row > 1)
    const items = (wanted: boolean[]) => wanted.flatMap((yes, item) => (yes ? [item] : []))
    // 1: three impressions and one event; 2: two and one (the click at 50, read at 70); 3: two (its click at 60 is read
    // by the test alone); 7: one event, read by three.
    expect(items(known(1))).toEqual([1, 2, 3, 7])
    expect(items(known(3))).toEqual([1, 2])
    expect(items(known(4))).toEqual([1])
    expect(items(known(5))).toEqual([])
  })

  it('have numbers standardized by what training shows alone', () => {
    const withPrice = (testOnly: number) => {
      const dataset = shownDataset(shown, { events })
      const e = Math.E - 1
      const price = Float32Array.of(Number.NaN, e, -e, Number.NaN, testOnly, 0, 0, 0, 0, 0)
      const same = new Float32Array(10).fill(3)
      const age = Float32Array.of(Number.NaN, 0, e)
      const full = {
        ...dataset,
        catalog: { ...dataset.catalog, numbers: { same, price } },
        users: { fields: {}, numbers: { age } },
      }
      return samplesOf(full).vocabulary
    }
    const { itemNumbers, userNumbers } = withPrice(1e6)
    const prices = [...itemNumbers].filter((_, at) => at % 2 === 1)
    // Items 1 and 2 have logarithms 1 and -1, and item 3 none: mean 0, deviation 1.
    expect(prices.slice(0, 4)).toEqual([0, expect.closeTo(1, 6), expect.closeTo(-1, 6), 0])
    expect(prices[4]).toBeCloseTo(Math.log1p(1e6), 4)
    expect([...itemNumbers].filter((_, at) => at % 2 === 0)).toEqual(Array.from({ length: 10 }, () => 0))
    expect([...userNumbers]).toEqual([0, expect.closeTo(-1, 6), expect.closeTo(1, 6)])
    const other = withPrice(0).itemNumbers
    expect([...other].filter((value, at) => value !== itemNumbers[at])).toEqual([other[9]])
  })

  it('are shuffled, repeatably, where the split is random', () => {
    const dataset = shownDataset(
      Array.from({ length: 100 }, (_, at): Shown => [1, (at % 9) + 1, at, at % 2]),
      { events },
    )
    const random = (splitSeed: number) => samplesOf(dataset, { protocol: 'random', splitSeed })
    const { train, validation, test } = random(1)
    expect([train.length, validation.length, test.length]).toEqual([70, 10, 20])
    expect([...train, ...validation, ...test].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at))
    expect(random(1).test).toEqual(test)
    expect(random(2).test).not.toEqual(test)
    expect(Math.min(...test)).toBeLessThan(50)
    expect([...test]).toEqual([...test].sort((a, b) => a - b))
  })
})

describe('drawn samples', () => {
  const log: TinyEvent[] = [
    [1, 1, 'click', 1],
    [1, 1, 'favorite', 1],
    [1, 2, 'favorite', 2],
    [1, 3, 'click', 3],
    [1, 4, 'favorite', 3],
    [1, 5, 'favorite', 10],
    [2, 6, 'click', 4],
    [2, 7, 'favorite', 5],
    [2, 7, 'favorite', 8],
    [2, 8, 'favorite', 9],
  ]

  it('are the target events with a history, each beside an item never touched, at the same time', () => {
    const samples = samplesOf(tinyDataset({ events: log, items: 30 }))
    const ones = [...samples.label.keys()].filter((sample) => samples.label[sample] === 1)
    expect(ones.map((sample) => [samples.user[sample], samples.item[sample], samples.time[sample]])).toEqual([
      [1, 2, 2],
      [1, 4, 3],
      [1, 5, 10],
      [2, 7, 5],
      [2, 7, 8],
      [2, 8, 9],
    ])
    expect(samples.label.length).toBe(12)
    for (const one of ones) {
      expect(samples.label[one + 1]).toBe(0)
      expect([samples.user, samples.time, samples.end].map((column) => column[one + 1])).toEqual(
        [samples.user, samples.time, samples.end].map((column) => column[one]),
      )
    }
    expect(historyOf(samples, 2)).toEqual([1, 2])
    expect([...samples.test].map((sample) => samples.time[sample])).toEqual([10, 10, 9, 9])
  })

  it('are never of items touched, earlier or later, and reach all others', () => {
    const many = Array.from({ length: 300 }, (_, at): TinyEvent => [1, 1 + (at % 5), 'favorite', at])
    for (const items of [8, 40]) {
      const { item, label } = samplesOf(tinyDataset({ events: many, items, candidates: 'all' }))
      const drawn = item.filter((_, sample) => label[sample] === 0)
      expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual(Array.from({ length: items - 5 }, (_, at) => at + 6))
    }
  })

  it('are the same again from the same seed, and a user is drawn for alone', () => {
    const drawn = (events: readonly TinyEvent[], splitSeed: number) =>
      samplesOf(tinyDataset({ events, items: 500, users: 2 }), { splitSeed }).item
    expect(drawn(log, 1)).toEqual(drawn(log, 1))
    expect(drawn(log, 1)).not.toEqual(drawn(log, 2))
    expect(drawn([...log, [1, 9, 'favorite', 11]], 1).slice(-6)).toEqual(drawn(log, 1).slice(-6))
  })

  it('leave out what a user who touched everything cannot have, but not for everybody', () => {
    const all: TinyEvent[] = [1, 2, 3, 4].map((item) => [1, item, 'favorite', item])
    const other: TinyEvent[] = [1, 2, 3].map((item) => [2, item, 'favorite', item])
    const { user, label } = samplesOf(tinyDataset({ events: [...all, ...other], candidates: 'all' }))
    expect([...user].map((owner, sample) => [owner, label[sample]])).toEqual([
      ...[1, 1, 1].map(() => [1, 1]),
      [2, 1],
      [2, 0],
      [2, 1],
      [2, 0],
    ])
    expect(() => samplesOf(tinyDataset({ events: all }))).toThrow(
      /^tiny: invalid: every user touched every item, so no item is left to draw/,
    )
  })

  it('follow the roles of a split that was given, and may be of another behavior', () => {
    const given = log.map(
      ([user, item, name, time]): TinyEvent => [user, item, name, time, time >= 10 ? 2 : time >= 8 ? 1 : 0],
    )
    const dataset = tinyDataset({ events: given, items: 30, time: 'order' })
    const samples = samplesOf(dataset)
    const positives = (part: Int32Array) =>
      [...part].filter((at) => samples.label[at] === 1).map((at) => samples.item[at])
    expect([samples.train, samples.validation, samples.test].map(positives)).toEqual([[2, 4, 7], [7, 8], [5]])
  })

  it('may be of another behavior than the target', () => {
    const later = [10, 11, 12, 13].map((item): TinyEvent => [1, item, 'click', item])
    const clicks = samplesOf(tinyDataset({ events: [...log, ...later], items: 30 }), { label: 'click' })
    expect([...clicks.item].filter((_, at) => clicks.label[at] === 1)).toEqual([3, 10, 11, 12, 13])
  })

  it('put events before the first true time into training, and no cut among them', () => {
    const early = Array.from({ length: 50 }, (_, at): TinyEvent => [1, (at % 3) + 1, 'favorite', at])
    const late = Array.from({ length: 10 }, (_, at): TinyEvent => [1, (at % 3) + 1, 'favorite', 1000 + at])
    const dataset = tinyDataset({ events: [...early, ...late], items: 9 })
    const { test, validation, train } = samplesOf({ ...dataset, manifest: { ...dataset.manifest, timesFrom: 1000 } })
    expect([train.length, validation.length, test.length]).toEqual([2 * (49 + 7), 2, 4])
  })
})

describe('the options of samples', () => {
  it('have defaults that a dataset decides', () => {
    const { manifest } = shownDataset(shown, { events })
    expect(clickSplitDefaults(manifest)).toEqual({ source: 'impressions', label: 'click', protocol: 'time' })
    expect(clickSplitDefaults(manifest, { source: 'drawn' })).toEqual({
      source: 'drawn',
      label: 'favorite',
      protocol: 'time',
    })
    const ordered = { ...manifest, time: 'order' as const }
    expect(() => clickSplitDefaults(ordered)).toThrow(
      'split.protocol: missing: tiny has neither times nor a split of its own. prepare it from a log with times, or use --split random, which leaks the future',
    )
    expect(clickSplitDefaults(ordered, { protocol: 'random' })).toEqual({ source: 'impressions', label: 'click' })
    expect(clickSplitDefaults({ ...ordered, ownSplit: true }, { source: 'drawn' }).protocol).toBe('given')
  })

  it.each<[string, Dataset, Partial<ClickSplitConfig>, RegExp]>([
    [
      'impressions that are not there',
      tinyDataset({ events }),
      { source: 'impressions', label: 'click' },
      /^split\.source: unsupported: impressions, but tiny has none/,
    ],
    [
      'an unknown label',
      shownDataset(shown, { events }),
      { label: 'clik' },
      /^split\.label: unknown: "clik", expected one of click\. did you mean "click"\?$/,
    ],
    [
      'an unknown behavior',
      tinyDataset({ events }),
      { label: 'buy' },
      /^split\.label: unknown: "buy", expected one of click, favorite/,
    ],
    [
      'a split of impressions',
      shownDataset(shown, { events }),
      { protocol: 'given' },
      /^split\.protocol: unsupported: given, but the impressions of tiny came without/,
    ],
    [
      'no split',
      tinyDataset({ events, items: 9 }),
      { protocol: 'given', label: 'click' },
      /^split\.protocol: unsupported: given, but tiny came without a split/,
    ],
    [
      'no times',
      tinyDataset({ events, items: 9, time: 'order' }),
      { protocol: 'time', label: 'click' },
      /^split\.protocol: unsupported: time, but tiny has only an order/,
    ],
    [
      'shares of all',
      shownDataset(shown, { events }),
      { testShare: 0.6, validationShare: 0.4 },
      /^validationShare and testShare: invalid: 0\.4 and 0\.6/,
    ],
    [
      'nothing to train on',
      shownDataset(shown, { events }),
      { testShare: 0.01, protocol: 'random', validationShare: 0.98 },
      /^split of tiny: invalid: none of 10 samples is in the train part\. choose/,
    ],
    [
      'nothing to test',
      tinyDataset({ events: events.map(([user, item, name, time]) => [user, item, name, time, 0]), items: 9 }),
      { label: 'click', protocol: 'given' },
      /^split of tiny: invalid: none of 8 samples is in the test part\. choose/,
    ],
    [
      'labels of one class',
      shownDataset(
        shown.map(([user, item, time]) => [user, item, time, time > 70 ? 1 : 0]),
        { events },
      ),
      {},
      /^split of tiny: invalid: label click is 0 in all 7 training samples, expected both 0 and 1\. choose another label/,
    ],
  ])('refuse %s', (_, dataset, given, sentence) => {
    expect(() => samplesOf(dataset, given)).toThrow(sentence)
  })
})
