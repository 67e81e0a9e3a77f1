import { describe, expect, it } from 'vitest'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { logFindings } from './log-findings.ts'

// User 1 views and clicks item 1, clicks it again a second later, and orders it; user 2 orders at once two items.
const dataset = tinyDataset({
  behaviors: ['share', 'click', 'order'],
  events: [
    [1, 1, 'click', 1000],
    [1, 1, 'click', 2000],
    [1, 2, 'share', 3000],
    [1, 1, 'order', 9000],
    [2, 1, 'order', 0],
    [2, 2, 'order', 0],
  ],
  items: 4,
  features: { image: [[1], null, [1], [1]] },
})
const found = (of = dataset) => new Map(logFindings(of).map((one) => [one.name, one]))

describe('what is odd about a log', () => {
  it('is counted, worked by hand', () => {
    const counts = [...found()].map(([name, { count, of }]) => [name, count, of])
    expect(counts).toEqual([
      ['tied times', 2, 6],
      ['events counted twice', 1, 6],
      ['empty histories', 1, 1],
      ['dead items', 2, 4],
      ['items without a picture', 1, 4],
      ['share without order', 1, 1],
    ])
    expect(found().get('dead items')?.examples).toEqual(['Item 3', 'Item 4'])
    expect(found().get('share without order')?.told).toContain('100 % are followed by one of another item')
  })

  it('holds what preparing left out', () => {
    const dropped = [{ filter: 'items not in the item table', events: 3, users: 0, items: 0 }]
    const of = { ...dataset, manifest: { ...dataset.manifest, dropped } }
    expect(found(of).get('items not in the item table')).toMatchObject({ count: 3, of: 9 })
  })

  it('says nothing of times where time is an order', () => {
    const of = { ...dataset, manifest: { ...dataset.manifest, time: 'order' as const } }
    expect([...found(of).keys()]).not.toContain('tied times')
  })
})
