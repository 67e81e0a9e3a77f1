import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../dataset/schema.ts'
import { statisticsOf, statisticsTable } from './dataset-statistics.ts'

/** Two users, four items: 1 clicks item 1 twice and buys it, 2 clicks items 2 and 3. */
const dataset = {
  manifest: { counts: { users: 2, items: 4 }, behaviors: ['click', 'buy'] },
  events: {
    start: Int32Array.of(0, 0, 3, 5),
    item: Int32Array.of(1, 1, 1, 2, 3),
    behavior: Uint8Array.of(0, 0, 1, 0, 0),
  },
  features: { text: { present: Uint8Array.of(0, 1, 1, 1, 0) } },
} as unknown as Dataset

describe('the statistics of a data set', () => {
  it('count events, and pairs once', () => {
    expect(statisticsOf('tiny', dataset)).toEqual({
      dataset: 'tiny',
      users: 2,
      items: 4,
      interactions: 5,
      meanLength: 2.5,
      sparsity: 1 - 3 / 8,
      meanOf: { click: 2, buy: 0.5 },
      withImage: 0,
      withText: 0.75,
    })
  })

  it('are a line of a table', () => {
    const table = statisticsTable([statisticsOf('tiny', dataset)])
    expect(table).toContain('| tiny | 2 | 4 | 5 | 2.50 | 0.6250 | click 2.00, buy 0.50 | 0 % | 75 % |')
  })
})
