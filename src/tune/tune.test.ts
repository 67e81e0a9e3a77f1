import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyShop } from '../../test/fixtures/tiny-shop.ts'
import { loadDataset } from '../dataset/load.ts'
import type { Dataset } from '../dataset/schema.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { type TuneSettings, trialFolder, tune } from './tune.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-tune-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const out = join(folder, 'search')
let dataset: Dataset
const settings = (more: Partial<TuneSettings> = {}): TuneSettings => ({
  model: 'sasrec',
  dataset,
  out,
  trials: 4,
  epochs: 3,
  seed: 1,
  names: ['learningRate', 'dropout'],
  fixed: { config: { hiddenSize: 8, layers: 1 }, training: { threads: 1 }, split: {} },
  ...more,
})
const search = (): string => readFileSync(join(out, 'tune.json'), 'utf8')

beforeAll(async () => {
  writeTinyShop(folder)
  await prepareDataset({
    events: join(folder, 'events.csv'),
    items: join(folder, 'items.csv'),
    mapping: join(folder, 'shop.yaml'),
    out: join(folder, 'data'),
  })
  dataset = await loadDataset(join(folder, 'data'))
})

describe('tune', () => {
  it('trains all trials a little and the best of them on, and tells them by their validation', async () => {
    const { trials, finished, rounds } = await tune(settings())
    expect(finished).toBe(true)
    expect(rounds.map(({ epochs }) => epochs)).toEqual([1, 3])
    expect(trials.map(({ validation }) => validation.length)).toEqual([2, 2, 1, 1])
    const [first, second] = trials.map(({ validation }) => validation.at(-1) as number)
    expect(first).toBeGreaterThanOrEqual(second as number)
    expect(trials.find(({ trial }) => trial === 0)?.config).toEqual({})
    const epochs = JSON.parse(
      readFileSync(join(trialFolder(out, trials[0]!.trial), 'epochs.json'), 'utf8'),
    ) as unknown[]
    expect(epochs).toHaveLength(3)
  })

  it('goes on where it was stopped, to the same result', async () => {
    const whole = search()
    rmSync(out, { recursive: true })
    const stopping = new AbortController()
    let began = 0
    const stopped = await tune(
      settings({
        signal: stopping.signal,
        began: () => {
          if (++began === 3) stopping.abort()
        },
      }),
    )
    expect([stopped.finished, began]).toEqual([false, 3])
    expect((await tune(settings())).finished).toBe(true)
    expect(search()).toBe(whole)
    let again = 0
    await tune(settings({ began: () => void again++ }))
    expect(again).toBe(0)
  })

  it('refuses a folder of another search, and what is counted', async () => {
    await expect(tune(settings({ seed: 2 }))).rejects.toThrow('a search with other settings or data')
    await expect(tune(settings({ model: 'popularity' }))).rejects.toThrow(
      'tune: unsupported: popularity is fitted by counting',
    )
  })
})
