import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { simulateShop } from '../../simulate/shop.ts'
import type { Comparison, Experiment, TrainedCell, Variant } from '../experiment.ts'
import { gridProgress } from '../harness/grid-progress.ts'
import { runExperiment } from '../harness/run-experiment.ts'
import { rawShop } from '../harness/run-measures.ts'
import { findingsOf, m3bsrModalityByBehavior } from './m3bsr-modality-by-behavior.ts'
import { m3bsrTsne } from './m3bsr-tsne.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'shop')
beforeAll(async () => {
  const raw = rawShop(data)
  await simulateShop(raw, { users: 12, items: 40, sessions: 2 })
  const files = { events: join(raw, 'events.csv'), items: join(raw, 'items.csv'), mapping: join(raw, 'shop.yaml') }
  await prepareDataset({ ...files, out: data, features: localFeatures() })
})
afterAll(() => folder[Symbol.dispose]())

/** A study on a tiny shop, its models tiny and trained for an epoch. */
const tiny = (study: Experiment): Experiment => ({
  ...study,
  seeds: [1],
  comparisons: (wanted) =>
    study
      .comparisons(wanted)
      .slice(0, 1)
      .map(
        (comparison): Comparison => ({
          ...comparison,
          sampled: false,
          dataset: {
            label: 'tiny shop',
            recipe: () => ({ name: 'shop', settings: {}, inputs: [], prepared: data, make: () => Promise.reject() }),
          },
          variants: comparison.variants.map(
            (variant): Variant => ({
              ...variant,
              config: {
                ...variant.config,
                hiddenSize: 8,
                maxLength: 8,
                stride: 8,
                modalitySteps: 1,
                behaviorSteps: 1,
              },
              training: { epochs: 1, threads: 1, batchSize: 16 },
            }),
          ),
        }),
      ),
})

async function run(study: Experiment): Promise<string> {
  const progress = gridProgress({ write: () => true } as unknown as NodeJS.WritableStream, 1)
  const settings = { dataRoot: folder.path, out: join(folder.path, 'out'), runs: join(folder.path, 'runs') }
  const outcome = await runExperiment(tiny(study), { ...settings, jobs: 1, progress })
  return outcome.status === 'finished' ? outcome.page : 'interrupted'
}

describe('what M³BSR’s studies look into', () => {
  it('is the purity of neighbors before and after denoising, and after an MLP, by planted topic', async () => {
    const page = await run(m3bsrTsne)
    const interval = String.raw`0\.\d{4} \[0\.\d{4}, 0\.\d{4}\]`
    for (const side of ['before', 'after CDMD-M', 'after an MLP'])
      expect(page).toMatch(new RegExp(String.raw`\n\| Shop \| planted topic \| ${side} \| ${interval} \| `))
    expect(page).toContain('Shop by planted topic 0.')
    expect(page).toMatch(/\n\| an MLP in place of CDMD-M \| m3bsr \| tiny shop \| .*modalityDenoiser mlp/)
  })

  it('leaves out data sets of which a model is not trained, and says where that are all', async () => {
    const cell = { comparison: 'Films', variant: 'M³BSR', seed: 1, open: () => Promise.reject(new Error('opened')) }
    await expect(m3bsrTsne.look?.([cell as unknown as TrainedCell])).rejects.toThrow('are not both trained')
  })

  it('is what the gates take of pictures and texts by behavior', async () => {
    const page = await run(m3bsrModalityByBehavior)
    expect(page).toMatch(/\n\| click \| (0\.\d{4} \[0\.\d{4}, 0\.\d{4}\] \| ){4}0\.5429 \|\n/)
    expect(page).toMatch(/\n\| favorite \| (0\.\d{4} \[0\.\d{4}, 0\.\d{4}\] \| ){4}0\.4571 \|\n/)
  })
})

describe('the share of the picture', () => {
  it('is that of the picture among picture and text, over seeds and users, and its difference by behavior', () => {
    // Pictures 0.3 and texts 0.1 on average for clicks: 0.75; 0.1 and 0.1 for favorites: 0.5.
    const gates = (click: number, text: number) => ({
      click: { id: [0.5, 0.5], image: [click, click], text: [text, text] },
      favorite: { id: [0.5, 0.5], image: [0.1, 0.1], text: [0.1, 0.1] },
    })
    const { lines, page } = findingsOf([gates(0.2, 0.05), gates(0.4, 0.15)])
    expect(lines).toEqual([
      expect.objectContaining({ behavior: 'click', share: [0.75, 0.75, 0.75], planted: 0.542941 }),
      expect.objectContaining({ behavior: 'favorite', share: [0.5, 0.5, 0.5] }),
      { difference: [0.25, 0.25, 0.25] },
    ])
    expect(page).toContain('share of click less that of favorite: 0.2500 [0.2500, 0.2500]')
  })
})
