import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { tinyChoice } from '../../../test/fixtures/tiny-experiment.ts'
import { writeTinyShop } from '../../../test/fixtures/tiny-shop.ts'
import { diffMsinEfficiency } from '../studies/diff-msin-efficiency.ts'
import { m3bsrEfficiency } from '../studies/m3bsr-efficiency.ts'
import { runTiming } from './run-timing.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())

const place = { dataRoot: '', out: join(folder.path, 'out'), runs: join(folder.path, 'runs'), say: () => undefined }

it('tells seconds of an epoch and of a prediction, with the machine and the day', async () => {
  writeTinyShop(folder.path, { users: 20 })
  const config = { hiddenSize: 8, layers: 1, maxLength: 8, heads: 1 }
  const timed = () => ({
    dataset: tinyChoice(folder.path),
    split: {},
    variants: [{ name: 'SASRec', model: 'sasrec', config }],
    epochs: 3,
    predictions: 3,
    threads: 1,
    batchSize: 16,
  })
  const { page, files } = await runTiming({ ...m3bsrEfficiency, timed }, place)
  expect(page).toMatch(/\n\| SASRec \| \d+\.\d \| \d+\.\d, \d+\.\d \| \d+\.\d \| \d\.\d{4} \| \d\.\d{4} \|\n/)
  expect(page).toMatch(/Measured on \d{4}-\d\d-\d\d, on \d+ cores of .*, Node \d+/)
  const numbers = JSON.parse(readFileSync(files[0] as string, 'utf8')) as { findings: Record<string, number>[] }
  for (const figure of ['epochSeconds', 'predictionSeconds', 'epochProcessor', 'predictionProcessor'])
    expect(numbers.findings[0]?.[figure]).toBeGreaterThan(0)
})

it('times predictions of clicks for some candidates', async () => {
  const config = { embeddingSize: 4, hiddenSize: 8, maxLength: 8 }
  const timed = () => ({
    dataset: tinyChoice(folder.path),
    split: {},
    variants: [{ name: 'DIN', model: 'din', config }],
    epochs: 2,
    predictions: 2,
    candidates: 10,
    threads: 1,
    batchSize: 16,
  })
  const { page } = await runTiming({ ...diffMsinEfficiency, timed }, place)
  expect(page).toMatch(/\n\| DIN \| \d+\.\d \| \d+\.\d, \d+\.\d \| \d+\.\d \| \d\.\d{4} \| \d\.\d{4} \|\n/)
  expect(page).toContain("reads one user's whole history and says how probable clicks on 10 candidates are.")
})

it('times the models of Table 4 in batches of 128', () => {
  const { batchSize, variants } = m3bsrEfficiency.timed({ dataRoot: 'data' })
  expect(batchSize).toBe(128)
  expect(variants.map(({ model }) => model).filter((model) => model !== 'ebm')).toEqual(['stosa', 'mmmlp', 'm3bsr'])
})
