/** @file A description of a log, as `GET /v1/data` tells it. */
import type { Description } from '../../src/describe/description.ts'

const quantiles = { least: 20, p10: 27, p25: 37, median: 71, p75: 162, p90: 333, most: 2391 }

export const stubDescription: Description = {
  name: 'films',
  users: 671,
  items: 9125,
  events: 100_004,
  behaviors: { view: 48_436, favorite: 51_568 },
  targets: {
    behavior: 'favorite',
    candidates: 'unseen',
    events: 51_568,
    rankable: 50_100,
    users: 671,
    repeated: 0,
    touched: 1468,
    emptyHistories: 41,
    withTarget: 671,
    firstTied: 174,
    inInput: 0,
    justTouched: 0,
    heldOut: {
      'leave-one-out': { validation: 671, test: 646, emptyHistories: 0 },
      time: { validation: 5000, test: 9000, emptyHistories: 80 },
    },
  },
  questions: [],
  log: {
    lengths: quantiles,
    lengthCurve: Array.from({ length: 51 }, (_, at) => ({ share: at / 50, value: 20 + 2371 * (at / 50) ** 6 })),
    heavy: { users: 0, events: 0 },
    gaps: { ...quantiles, median: 34 },
    gapCurve: [],
    tied: 32_000,
    period: { from: Date.UTC(1995, 0, 9), to: Date.UTC(2016, 9, 16) },
    popularity: {
      top1: 0.18,
      top10: 0.6,
      curve: Array.from({ length: 51 }, (_, at) => ({ share: at / 50, value: (at / 50) ** 0.24 })),
    },
    cold: { users: 0, items: 5570, below: 5, withoutEvents: 59 },
  },
  coverage: [
    { name: 'image', kind: 'vectors', items: 4758, events: 93_000 },
    { name: 'text', kind: 'vectors', items: 9125, events: 100_004 },
    { name: 'title', kind: 'title', items: 9125, events: 100_004 },
    { name: 'genre', kind: 'field', items: 9107, events: 99_980 },
  ],
  findings: [
    '32% of the events share their time with another item’s: events of one time do not see each other',
    '174 of 671 first favorite events have the time of everything before them: none of that is their input; are the times only dates?',
  ],
}
