import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { auditDataset } from './audit.ts'
import { auditPage } from './audit-page.ts'
import { printAudit } from './print-audit.ts'
import { toldAudit } from './told-audit.ts'

const random = randomStream(1, 'audited')
/** Sixty users with twelve clicks each: of one half of the items, or of any. */
const clicks = (any: boolean): TinyEvent[] =>
  Array.from({ length: 720 }, (_, at) => {
    const user = 1 + Math.floor(at / 12)
    const item = any ? 1 + random.integer(40) : 1 + (user % 2) * 20 + random.integer(20)
    return [user, item, 'click', (at % 12) * 60_000]
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

  it('names none where every event might be chance, and says why', async () => {
    const { told, text, page } = await audited(true)
    expect([told.clicks.canJudge, told.clicks.suspects]).toEqual([false, []])
    for (const said of [text, page]) expect(said).toContain('events cannot be judged: they fit better than drawn')
  })
})
