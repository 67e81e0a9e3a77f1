import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import type { ClickSamples } from '../../dataset/click-samples.ts'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { simulateShop } from '../../simulate/shop.ts'
import type { Comparison, Experiment, Variant } from '../experiment.ts'
import { gridProgress } from '../harness/grid-progress.ts'
import { runExperiment } from '../harness/run-experiment.ts'
import { rawShop } from '../harness/run-measures.ts'
import { chosenCase, diffMsinCase } from './diff-msin-case.ts'
import { diffMsinSteps } from './diff-msin-steps.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'shop')
beforeAll(async () => {
  const raw = rawShop(data)
  await simulateShop(raw, { users: 12, items: 40, sessions: 6 })
  const files = { events: join(raw, 'events.csv'), items: join(raw, 'items.csv'), mapping: join(raw, 'shop.yaml') }
  await prepareDataset({ ...files, out: data, features: localFeatures() })
})
afterAll(() => folder[Symbol.dispose]())

const small = { embeddingSize: 4, modalitySize: 8, attentionSize: 8, hiddenSize: 8, maxLength: 8 }
const smaller: Readonly<Record<string, object>> = {
  'diff-msin': { ...small, expertSize: 8, fusionHeads: 2 },
  em3: { ...small, heads: 2 },
}
const fewSteps: Readonly<Record<string, object>> = { 'diff-msin': { steps: 1 } }

/** A study on a tiny shop: some variants, tiny and trained for an epoch by options of their own. */
const tiny = (study: Experiment, names: readonly string[]): Experiment => ({
  ...study,
  seeds: [1],
  comparisons: (wanted) =>
    study.comparisons(wanted).map(
      (comparison): Comparison => ({
        ...comparison,
        reference: names[0] as string,
        dataset: {
          label: 'tiny shop',
          recipe: () => ({ name: 'shop', settings: {}, inputs: [], prepared: data, make: () => Promise.reject() }),
        },
        variants: comparison.variants
          .filter(({ name }) => names.includes(name))
          .map(
            ({ name, model, config }): Variant => ({
              name,
              model,
              config: { ...fewSteps[model], ...config, ...smaller[model] },
              training: { epochs: 1, threads: 1, batchSize: 16 },
            }),
          ),
      }),
    ),
})

const out = join(folder.path, 'out')
async function run(study: Experiment): Promise<string> {
  const progress = gridProgress({ write: () => true } as unknown as NodeJS.WritableStream, 1)
  const settings = { dataRoot: folder.path, out, runs: join(folder.path, 'runs') }
  const outcome = await runExperiment(study, { ...settings, jobs: 1, progress })
  return outcome.status === 'finished' ? outcome.page : 'interrupted'
}
const written = (file: string): string => readFileSync(join(out, file), 'utf8')

describe('what Diff-MSIN’s studies show', () => {
  it('is a user’s history as pictures, two targets, and what both models say of them', async () => {
    const page = await run(tiny(diffMsinCase, ['Diff-MSIN + DIN', 'EM3']))
    expect(page.match(/\n\| [^|]+ \| Diff-MSIN \+ DIN \| 0\.\d{4} \| image 0\.\d\d, text 0\.\d\d, /g)).toHaveLength(2)
    expect(page.match(/\n\| [^|]+ \| EM3 \| 0\.\d{4} \| - \| [^|]+ \(-?\d/g)).toHaveLength(2)
    expect(page).toMatch(/\n\| not clicked \| \d+ \| 0\.\d{4} \| 0\.\d{4} \| \d+\.\d\d % \|\n/)
    const svg = written('diff-msin-case.svg')
    // Twelve events, and two targets.
    expect(svg.match(/<image /g)).toHaveLength(14)
    expect(written('diff-msin-case.html')).toContain(svg.trim())
    const { findings } = JSON.parse(written('diff-msin-case.json')) as { findings: { model?: string }[] }
    expect(findings.map(({ model }) => model)).toEqual([
      'Diff-MSIN + DIN',
      'EM3',
      'Diff-MSIN + DIN',
      'EM3',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('is a curve over T', async () => {
    const page = await run(tiny(diffMsinSteps, ['T = 1', 'T = 2']))
    expect(page).toMatch(/\n\| T = 2 \| diff-msin \| tiny shop \| .*steps 2, /)
    expect(written('diff-msin-steps.svg')).toContain('>T, diffusion steps</text>')
  })
})

describe('the case', () => {
  /** Two users with 13 events each; samples of the second user are clicked, and one of the first has no picture. */
  const samples = {
    columns: {
      start: Int32Array.of(0, 0, 13, 26),
      item: Int32Array.from({ length: 26 }, (_, row) => row + 1),
      behavior: new Uint8Array(26),
    },
    user: Int32Array.of(1, 1, 1, 1, 2, 2),
    item: Int32Array.of(30, 31, 32, 33, 34, 35),
    end: Int32Array.of(11, 12, 13, 13, 26, 26),
    label: Uint8Array.of(0, 0, 0, 0, 1, 1),
    test: Int32Array.of(0, 1, 2, 3, 4, 5),
  } as unknown as ClickSamples

  it('is of a user with enough events before two pictured items that were not clicked', () => {
    const chosen = chosenCase(samples, (item) => item !== 32)
    expect(chosen).toEqual({
      user: 1,
      item: samples.columns.item.slice(0, 12),
      behavior: new Uint8Array(12),
      targets: [31, 33],
    })
  })

  it('is refused where there is none', () => {
    expect(() => chosenCase(samples, (item) => item > 33)).toThrow('no user has 12 events')
  })
})
