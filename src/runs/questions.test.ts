import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareFiles, temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { Dataset } from '../dataset/schema.ts'
import { ndcg } from '../metrics/ndcg.ts'
import type { MappingInput } from '../prepare/mapping.ts'
import { randomStream } from '../random/stream.ts'
import { openRun } from './open-run.ts'
import type { SplitInput } from './split-config.ts'
import { trainRun } from './train-run.ts'

/** A shop where each visit views four items, puts the last one in the cart, and orders it. */
function shopLog(): string {
  const stream = randomStream(1, 'view, cart, order')
  const lines = ['user,item,behavior,timestamp']
  for (let user = 0; user < 60; user++) {
    for (let visit = 0; visit < 5; visit++) {
      const began = 1_700_000_000 + 86_400 * visit + user
      for (let view = 0; view < 4; view++) {
        const item = 10 * visit + 50 * view + stream.integer(10)
        lines.push(`u${user},i${item},view,${began + 60 * view}`)
        if (view < 3) continue
        lines.push(`u${user},i${item},cart,${began + 200}`, `u${user},i${item},order,${began + 300}`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())

const said: string[] = []
const prepare = (more: MappingInput = {}): Promise<Dataset> =>
  prepareFiles(
    { 'log.csv': shopLog() },
    {
      events: 'log.csv',
      mapping: { behaviors: ['view', 'cart', 'order'], ...more },
      report: (line) => said.push(line),
    },
  )

/** NDCG@10 of a counted model, and how many targets it had. */
async function measured(
  dataset: Dataset,
  model: string,
  split: SplitInput = {},
): Promise<{ ndcg: number; targets: number }> {
  const out = join(folder.path, `${model}-${Object.values(split).join('-')}`)
  await trainRun({ model, dataset, out, split, overwrite: true })
  await using run = await openRun(out, { dataset })
  const ranks = await run.measure('test', { seed: 1, sampled: false })
  const full = ranks?.kind === 'ranks' ? [...ranks.full] : []
  return { ndcg: full.reduce((sum, rank) => sum + ndcg(rank, 10), 0) / full.length, targets: full.length }
}

describe('a log of views, carts and orders', () => {
  let dataset: Dataset
  beforeAll(async () => {
    dataset = await prepare()
  })

  it('is asked for discoveries by default, and prepare says why', () => {
    expect([dataset.manifest.question, dataset.manifest.idleMinutes]).toEqual(['discovery', 30])
    expect(said.filter((line) => line.startsWith('question:'))).toEqual([
      'question: discovery (0 of 300 order events are of an item never touched before, 300 of one not touched before the visit; to ask which of the touched items is chosen: siftrec train ... --question funnel)',
    ])
  })

  it('has a target of every user then, and the last item knows nothing of it', async () => {
    const [last, popular] = [await measured(dataset, 'last-item'), await measured(dataset, 'popularity')]
    expect(last.targets).toBe(60)
    expect(last.ndcg).toBeCloseTo(popular.ndcg, 6)
  })

  it('is won by the last item where the funnel is asked', async () => {
    expect(await measured(dataset, 'last-item', { question: 'funnel' })).toEqual({ ndcg: 1, targets: 60 })
  })

  it('is asked by the candidates alone where the mapping sets them, and by what it says otherwise', async () => {
    expect((await prepare({ candidates: 'unseen' })).manifest.question).toBeUndefined()
    expect((await prepare({ question: 'funnel' })).manifest.question).toBe('funnel')
    await expect(prepare({ question: 'discovery', candidates: 'all' })).rejects.toThrow(
      'candidates: invalid: all, expected unseen, or no such key, with question: discovery',
    )
    await expect(prepare({ question: 'discovery', events: { timeUnit: 'order' } })).rejects.toThrow(
      'question: unsupported',
    )
  })

  it('gives runs of both questions their own datasets, one after the other', async () => {
    const outs = ['discovery', 'funnel'].map((question) => join(folder.path, question))
    for (const [at, question] of (['discovery', 'funnel'] as const).entries())
      await trainRun({ model: 'popularity', dataset, out: outs[at] as string, split: { question } })
    await using first = await openRun(outs[0] as string, { dataset })
    await using second = await openRun(outs[1] as string, { dataset: first.dataset })
    expect([first.dataset.events.item.length, second.dataset.events.item.length]).toEqual([
      dataset.events.item.length - 2 * 300,
      dataset.events.item.length,
    ])
  })

  it('refuses idle minutes without visits', async () => {
    await expect(measured(dataset, 'popularity', { question: 'funnel', idleMinutes: 5 })).rejects.toThrow(
      'idleMinutes: unsupported: 5, but the question funnel is asked. visits count for --question discovery alone',
    )
    expect((await measured(dataset, 'popularity', { idleMinutes: 5 })).targets).toBe(60)
  })

  it('refuses discovery on a given split', async () => {
    const split = { question: 'discovery', protocol: 'given' } as const
    await expect(measured(dataset, 'popularity', split)).rejects.toThrow(
      /question: unsupported: discovery with the given/,
    )
  })
})
