import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { auditDataset } from './audit.ts'
import { auditPage } from './audit-page.ts'
import { clickSuspects } from './click-suspects.ts'
import { printAudit } from './print-audit.ts'
import { toldAudit } from './told-audit.ts'

const random = randomStream(1, 'audited')
/** Sixty users with twelve clicks each, a minute apart or at the times given: of one half of the items, or of any. */
const clicks = (any: boolean, timeOf = (at: number) => at * 60_000): TinyEvent[] =>
  Array.from({ length: 720 }, (_, at) => {
    const user = 1 + Math.floor(at / 12)
    const item = any ? 1 + random.integer(40) : 1 + (user % 2) * 20 + random.integer(20)
    return [user, item, 'click', timeOf(at % 12)]
  })
const pictures = { of: () => undefined, count: 0 }
const audited = async (any: boolean) => {
  const dataset = tinyDataset({ events: clicks(any), items: 40 })
  const told = toldAudit(await auditDataset(dataset, { pictures, least: 0 }), dataset)
  return { told, text: printAudit(told), page: await auditPage(told, dataset, pictures) }
}

describe('an audit', () => {
  it('names suspects where histories are told from chance', async () => {
    const { told, text } = await audited(false)
    expect([told.clicks.canJudge, told.clicks.suspects.length]).toEqual([true, 720])
    expect(text).toContain('720 are at least 0 % likely')
  })

  it('tells how soon the next event came, and nothing of it within a basket, whose events have one time', () => {
    const dwells = (timeOf: (at: number) => number): ReadonlySet<number | null> => {
      const dataset = tinyDataset({ events: clicks(false, timeOf), items: 40 })
      return new Set(clickSuspects(dataset, 0).suspects.map(({ dwell }) => dwell))
    }
    const visits = (apart: number) => (at: number) => Math.floor(at / 6) * 3_600_000 + (at % 6) * apart
    expect(dwells(visits(4000))).toEqual(new Set([4, null]))
    expect(dwells(visits(0))).toEqual(new Set([null]))
    // A click and the order of the same time are followed by what comes later.
    expect(dwells((at) => Math.floor(at / 2) * 5000)).toEqual(new Set([5, null]))
  })

  it('names none where every event might be chance, and says why', async () => {
    const { told, text, page } = await audited(true)
    expect([told.clicks.canJudge, told.clicks.suspects]).toEqual([false, []])
    for (const said of [text, page]) expect(said).toContain('events cannot be judged: they fit better than drawn')
  })
})
