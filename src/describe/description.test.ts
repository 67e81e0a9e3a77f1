import { describe, expect, it } from 'vitest'
import { splitDataset } from '../dataset/splits.ts'
import { modelOf } from '../models/registry.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { describeDataset } from './description.ts'
import { descriptionPage } from './description-page.ts'
import { missingContent } from './missing-content.ts'
import { printDescription, printShortly } from './print-description.ts'

const minute = 60_000
// User 1 clicks and orders item 1, orders it again, and orders item 2 at once.
// User 2 orders first of all; user 3 never does.
const dataset = tinyDataset({
  behaviors: ['click', 'order'],
  events: [
    [1, 1, 'click', 0],
    [1, 1, 'order', minute],
    [1, 1, 'order', 2 * minute],
    [1, 2, 'order', 3 * minute],
    [2, 3, 'order', 0],
    [3, 1, 'click', 0],
  ],
  items: 4,
  titles: ['lamp', '', '', ''],
  fields: { brand: { values: Int32Array.of(0, 1, 1, 0, 0), vocabulary: ['', 'Acme'] } },
  features: { text: [[1], null, null, null] },
})

describe('a description', () => {
  const described = describeDataset(dataset)

  it('counts which targets can be ranked, and why the others cannot', () => {
    expect(described.targets).toMatchObject({
      behavior: 'order',
      candidates: 'unseen',
      events: 4,
      rankable: 2,
      users: 2,
      repeated: 1,
      touched: 1,
      emptyHistories: 1,
      inInput: 0,
      justTouched: 0,
    })
    expect(described.targets.heldOut['leave-one-out']).toEqual({ validation: 0, test: 2, emptyHistories: 1 })
    expect(described.targets.rankable).toBe(splitDataset(dataset, { protocol: 'leave-one-out' }).test.length)
  })

  it('says where the last item would win', () => {
    const all = describeDataset({ ...dataset, manifest: { ...dataset.manifest, candidates: 'all' } })
    expect(all.targets).toMatchObject({ rankable: 4, inInput: 2, justTouched: 2 })
    expect(all.findings.join('\n')).toContain('50 % of the order events are of the item touched just before')
    expect(described.findings.join('\n')).not.toContain('just before')
  })

  it('sets the questions side by side, and describes the targets of the one that is asked', () => {
    const { questions } = described
    expect(
      questions.map(({ question, rankable, justTouched, chosen }) => [question, rankable, justTouched, chosen]),
    ).toEqual([
      ['none', 2, 0, true],
      ['funnel', 3, 1, false],
      ['discovery', 3, 0, false],
    ])
    const asked = describeDataset({ ...dataset, manifest: { ...dataset.manifest, question: 'discovery' } })
    expect([asked.targets.rankable, asked.targets.touched, asked.questions[2]?.chosen]).toEqual([3, 0, true])
  })

  it('says how to rank items again, where many events repeat one of the same item', () => {
    const bought = (repeats: number) =>
      tinyDataset({
        behaviors: ['order'],
        items: 10,
        events: Array.from({ length: 10 }, (_, at) => [1, at < repeats + 1 ? 1 : at, 'order', at * minute] as const),
      })
    const hint = '; where repeats count, as in a grocery shop, set candidates: all in the mapping'
    const firstOf = (repeats: number) => describeDataset(bought(repeats)).findings[0]
    expect(firstOf(3)).toBe(
      `30 % of the order events repeat an earlier one of the same user and item and are not ranked (candidates: unseen)${hint}`,
    )
    expect(firstOf(6)).toBe(
      `only 4 of 10 order events can be ranked: mostly the user had an order of the item before (candidates: unseen)${hint}`,
    )
    expect(firstOf(2)).not.toContain('repeat')
  })

  it('tells users who have far more events than others, and times that have not come', () => {
    const told = (each: number, time: number) =>
      describeDataset(
        tinyDataset({
          items: 9,
          events: [
            ...Array.from({ length: each }, (_, at) => [1, 1 + (at % 9), 'click', time + at] as const),
            ...Array.from({ length: 1000 }, (_, at) => [2 + (at % 100), 1 + (at % 9), 'click', time + at] as const),
          ],
        }),
      ).findings.filter((told) => /bots|not come/.test(told))
    expect(told(300, 0)).toEqual([
      '1 of 101 users has 23.1 % of the events: siftrec audit says whether they look like bots',
    ])
    expect(told(199, 0)).toEqual([])
    expect(told(10, Date.UTC(2090, 0))).toEqual([
      'the last event is of 2090-01-01, a day that has not come: check events.timeUnit',
    ])
  })

  it('names the question that has more targets', () => {
    const few = tinyDataset({
      behaviors: ['click', 'order'],
      events: [1, 2, 3].flatMap((user) => [[user, 1, 'click', 0] as const, [user, 1, 'order', minute] as const]),
    })
    expect(describeDataset(few).findings[0]).toBe(
      'only 0 of 3 order events can be ranked: mostly the user had touched the item before (candidates: unseen); --question funnel has 3',
    )
  })

  it('tells first targets that have the time of everything before them', () => {
    const tied = tinyDataset({
      events: [
        [1, 1, 'click', 5],
        [1, 2, 'favorite', 5],
        [2, 1, 'click', 5],
        [2, 1, 'favorite', 5],
        [3, 1, 'click', 5],
        [3, 2, 'favorite', 6],
      ],
    })
    const { targets, log } = describeDataset(tied)
    expect([targets.firstTied, targets.withTarget, targets.emptyHistories, log.tied]).toEqual([1, 3, 2, 2])
  })

  it('measures lengths, gaps, popularity, coverage and what is cold, worked by hand', () => {
    const { log, coverage } = described
    expect(log.lengths).toMatchObject({ least: 1, median: 1, most: 4 })
    expect(log.gaps).toMatchObject({ least: 60, median: 60, most: 60 })
    expect(log.period).toEqual({ from: 0, to: 3 * minute })
    expect([log.popularity.top10, log.cold.withoutEvents, log.cold.users]).toEqual([4 / 6, 1, 3])
    expect(coverage.map(({ name, items, events }) => [name, items, events])).toEqual([
      ['image', 0, 0],
      ['text', 1, 4],
      ['title', 1, 4],
      ['brand', 2, 5],
    ])
  })

  it('counts impressions and their labels', () => {
    const manifest = { ...dataset.manifest, impressions: { count: 8, labels: { clicked: 2 } } }
    expect(printDescription(describeDataset({ ...dataset, manifest }))).toContain('8 impressions: clicked in 25 %')
  })

  it('puts the split that is used by default first, and warns of its empty histories', () => {
    const own = tinyDataset({
      behaviors: ['click'],
      candidates: 'all',
      events: [
        [1, 1, 'click', 1],
        [1, 2, 'click', 2, 2],
        [2, 1, 'click', 1, 2],
      ],
    })
    const { targets, findings } = describeDataset(own)
    expect(Object.entries(targets.heldOut)[0]).toEqual(['given', { validation: 0, test: 2, emptyHistories: 1 }])
    expect(findings).toContain('50 % of the test targets (given) have no earlier event: a model can only guess')
  })

  it('has no gaps and no period where time is an order', () => {
    const { log } = describeDataset({ ...dataset, manifest: { ...dataset.manifest, time: 'order' } })
    expect([log.gaps, log.period]).toEqual([null, null])
  })

  it('says what follows, and what makes sense without pictures and texts', () => {
    expect(described.findings[1]).toContain('at most 2 test targets')
    const bare = describeDataset({ ...dataset, features: {} })
    expect(bare.findings.at(-1)).toContain('no item has a picture or a text: sgp4sr and diff-msin have nothing to read')
  })

  it('warns before a model that reads content is trained without any', () => {
    const bare = { ...dataset, features: {} }
    const none = { text: { width: 1, vectors: new Float32Array(5), present: new Uint8Array(5) } }
    expect(missingContent(modelOf('sgp4sr'), bare)[0]).toMatch(
      /^warning: no item of tiny .* so sgp4sr is its id stream/,
    )
    expect(missingContent(modelOf('diff-msin'), { ...dataset, features: none })).toHaveLength(1)
    expect(missingContent(modelOf('sgp4sr'), dataset)).toEqual([])
    expect(missingContent(modelOf('sasrec'), bare)).toEqual([])
  })

  it('is a page of one file with plots, tables and findings', () => {
    const page = descriptionPage(described)
    for (const part of [
      '<h1>tiny</h1>',
      '<svg',
      '>length of histories</text>',
      '<td>order (target)</td>',
      '<h2>What to know</h2>',
    ])
      expect(page).toContain(part)
    expect(page).not.toContain('src=')
  })

  it('is printed whole, and in at most eight lines', () => {
    const text = printDescription(described)
    for (const told of [
      'order (target)',
      'cannot: an earlier order of the same item',
      '66.7 %',
      'brand',
      'What to know',
    ])
      expect(text).toContain(told)
    const findings = Array.from({ length: 9 }, (_, at) => `finding ${at}`)
    expect(printShortly({ ...described, findings })).toHaveLength(8)
    expect(printShortly({ ...described, findings }).at(-1)).toBe('4 more: siftrec describe')
    expect(printShortly({ ...described, findings: ['one'] }).at(-1)).toBe('note: one')
  })
})
