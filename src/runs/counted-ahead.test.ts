import { join } from 'node:path'
import { mean } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { rankFormula } from '../metrics/table.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { aheadText, countedAhead } from './counted-ahead.ts'
import { openRun } from './open-run.ts'
import { type RunResult, trainRun } from './train-run.ts'

// Users walk along one of two rows of items, where item-kNN finds the next one. Some start with item 25, which is the
// most popular, and some end with it; some touch an item twice.
const events = Array.from({ length: 24 }, (_, user) => {
  const step = (at: number): number => 1 + 12 * (user % 2) + ((user + at) % 12)
  const last = user % 6 === 0 ? 25 : user % 12 === 5 ? step(2) : step(3)
  const items = [user % 3 === 0 ? 25 : step(0), step(1), step(2), last, step(4)]
  return items.map((item, at) => [user + 1, item, 'favorite', at] as const)
}).flat()
const dataset = tinyDataset({ events, candidates: 'all' })
const training = { epochs: 1, threads: 1 }

/** A run whose training reached a figure. */
const reaching = (result: RunResult, validation: number | null) => ({ ...result, best: { epoch: 1, validation } })

describe('models that only count, beside a trained one', () => {
  it('are those above it, with the figures that their own runs have, best first', async () => {
    using place = temporaryFolder()
    const settings = { model: 'sasrec', dataset, config: { hiddenSize: 8 }, training }
    const result = await trainRun({ ...settings, out: join(place.path, 'sasrec') })
    const figures = await Promise.all(
      ['popularity', 'last-item', 'item-knn'].map(async (model) => {
        const out = join(place.path, model)
        await trainRun({ model, dataset, out })
        await using run = await openRun(out, { dataset })
        const ranks = await run.measure('validation', { seed: 1, sampled: false })
        const { full } = ranks as { full: Float64Array }
        return mean(Array.from(full, rankFormula('ndcg@10')))
      }),
    )
    const ahead = await countedAhead(reaching(result, 0))
    expect(ahead.map(({ validation }) => validation)).toEqual(figures.toSorted((a, b) => b - a))
    const [best, second] = ahead as [{ title: string; validation: number }, { validation: number }]
    expect(best.title).toBe('item-kNN')
    expect(await countedAhead(reaching(result, second.validation))).toEqual([best])
    expect(await countedAhead(reaching(result, best.validation))).toEqual([])
    expect(await countedAhead(reaching(result, null))).toEqual([])
    const cheap = await countedAhead(reaching(result, 0), { mostPairs: 24 * 9 - 1 })
    expect(cheap.map(({ title }) => title)).not.toContain('item-kNN')
    expect(await countedAhead(reaching(result, 0), { mostPairs: 24 * 9 })).toEqual(ahead)
    const resumed = await trainRun({ ...settings, out: result.folder, resume: true })
    expect(await countedAhead(reaching(resumed, 0))).toEqual(ahead)
  })

  it('are named with what can be done', () => {
    const best = { epoch: 3, validation: 0.0312 }
    const run = { model: 'sasrec', training: { epochs: 40 } } as RunResult['run']
    const ahead = [
      { title: 'item-kNN', validation: 0.0402 },
      { title: 'popularity', validation: 0.035 },
    ]
    expect(aheadText({ run, best, epochs: 40, folder: 'runs/a' }, ahead)).toBe(
      'SASRec is below item-kNN and popularity here (validation NDCG@10 0.0312 against 0.0402 and 0.0350): serve item-kNN, or give it more epochs (siftrec train --resume runs/a --epochs 80)',
    )
    expect(aheadText({ run, best, epochs: 13, folder: 'runs/a' }, ahead.slice(0, 1))).toBe(
      'SASRec is below item-kNN here (validation NDCG@10 0.0312 against 0.0402): serve item-kNN, or try other options',
    )
    expect(aheadText({ run, best, epochs: 13, folder: 'runs/a' }, [])).toBe('')
  })
})
