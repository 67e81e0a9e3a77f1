import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { ranksHere } from '../../test/fixtures/ranks-here.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { ModelDefinition } from '../models/contract/model.ts'
import { modelOf } from '../models/registry.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { buildOn, lastTwo, asBuilt as runtime } from '../testing/ranking/candidate.ts'
import { ringDataset } from '../testing/ring.ts'
import { trainingConfig } from './config.ts'
import { type TrainingResult, trainModel } from './loop.ts'
import type { TrainingEvent } from './training-run.ts'
import { rankingValidation } from './validation.ts'

const folder = temporaryFolder()
afterAll(async () => {
  folder[Symbol.dispose]()
  await runtime.release()
})
const dataset = ringDataset({ items: 41, users: 41 })
const split = lastTwo(dataset)

/** What a run is asked, with sampled softmax of some items in place of all. */
interface Asked {
  readonly slug?: string
  readonly options?: object
  readonly training?: object
  readonly more?: object
}

/** Trains a small model as one of several ranks. */
async function trainOne(name: string, ranks: Ranks | undefined, asked: Asked): Promise<TrainingResult> {
  const { slug = 'sasrec', options = { maxLength: 8, hiddenSize: 8, layers: 1, heads: 1 }, training, more } = asked
  const model = await buildOn({ definition: modelOf(slug) as ModelDefinition, options: { ...options } }, dataset)
  const settings = { catalogLoss: 'sampled', drawnItems: 8, drawnFrom: 'mixed', epochs: 3, learningRate: 0.02 }
  mkdirSync(join(folder.path, name), { recursive: true })
  return trainModel({
    slug,
    model,
    data: { dataset, split },
    frozen: catalogInputs(dataset, { own: model.frozen ?? {} }),
    validation: rankingValidation({ slug, model, dataset, split, seed: 1, runtime, ranks }),
    training: trainingConfig.parse({ seed: 5, threads: 1, batchSize: 9, patience: 50, ...settings, ...training }),
    runtime,
    ranks,
    shardItems: true,
    folder: join(folder.path, name),
    fingerprint: 'shared',
    ...more,
  })
}

/** Trains it as all of so many ranks. */
const train = (name: string, size: number, asked: Asked = {}): Promise<TrainingResult[]> =>
  Promise.all(ranksHere(size).map((ranks) => trainOne(name, ranks, asked)))

const bytes = (name: string, file = 'checkpoint'): Buffer =>
  readFileSync(join(folder.path, name, `${file}.safetensors`))
const whole = { more: { shardItems: false } }

describe('an item table that ranks hold together', () => {
  it.each([
    { slug: 'sasrec', size: 2, options: { maxLength: 8, hiddenSize: 8, layers: 1, heads: 1 } },
    { slug: 'gru4rec', size: 3, options: { maxLength: 8, hiddenSize: 8, embeddingSize: 6 } },
  ])('ends where $size ranks of $slug end that each hold all of it, to the byte', async ({ slug, size, options }) => {
    const [apart] = await train(`${slug} whole`, size, { slug, options, ...whole })
    const all = await train(slug, size, { slug, options })
    for (const { history } of all) expect(history).toEqual(apart!.history)
    expect(new Set(apart!.history.map(({ validation }) => validation)).size).toBeGreaterThan(1)
    for (const file of ['model', 'checkpoint'])
      expect(bytes(slug, file).equals(bytes(`${slug} whole`, file))).toBe(true)
  })

  it('goes on from a checkpoint to the same bytes, also with other ranks and with one that holds all', async () => {
    const asked = (epochs: number, more: object = {}): Asked => ({
      training: { catalogLoss: 'gbce', drawnFrom: undefined, epochs },
      more,
    })
    await train('gbce', 2, asked(3))
    await train('half', 2, asked(2))
    const half = (name: string): void => cpSync(join(folder.path, 'half'), join(folder.path, name), { recursive: true })
    for (const name of ['same', 'three', 'three whole', 'alone']) half(name)
    await train('same', 2, asked(3, { resume: true }))
    expect(bytes('same').equals(bytes('gbce'))).toBe(true)
    await train('three', 3, asked(3, { resume: true }))
    await train('three whole', 3, asked(3, { resume: true, shardItems: false }))
    expect(bytes('three').equals(bytes('three whole'))).toBe(true)
    const alone = await trainOne('alone', undefined, asked(3, { resume: true, shardItems: false }))
    expect(alone.history.map(({ ranks }) => ranks)).toEqual([2, 2, undefined])
  })

  it('is saved within an epoch when the clock of the first rank says so, and goes on from there', async () => {
    const stop = new AbortController()
    const saved: boolean[] = []
    const report = (event: TrainingEvent): void => {
      if (event.kind !== 'batch') return
      saved.push(existsSync(join(folder.path, 'stopped', 'checkpoint.safetensors')))
      if (event.epoch === 2) stop.abort()
    }
    const due = { checkpointMinutes: 1e-9 }
    const stopped = await Promise.all(
      ranksHere(2).map((ranks) =>
        trainOne('stopped', ranks, { more: { ...due, signal: stop.signal, ...(ranks.rank === 0 && { report }) } }),
      ),
    )
    expect(saved.slice(0, 3)).toEqual([false, true, true])
    expect(stopped.map(({ status }) => status)).toEqual(['interrupted', 'interrupted'])
    await train('stopped', 2, { more: { ...due, resume: true } })
    expect(bytes('stopped').equals(bytes('sasrec'))).toBe(true)
  })

  it.each([
    [{ training: { catalogLoss: 'full', drawnItems: undefined, drawnFrom: undefined } }, '--catalog-loss full, which'],
    [
      { training: { catalogLoss: 'sce', drawnItems: undefined, drawnFrom: undefined } },
      /--catalog-loss sce, which reads the whole item table\. take a loss of drawn items/,
    ],
    [{ slug: 'sasrecf' }, 'sasrecf computes its item table from other parameters. train it without'],
    [
      { slug: 'missrec', training: { catalogLoss: undefined, drawnItems: undefined, drawnFrom: undefined } },
      'missrec ranks',
    ],
    [{ slug: 'ssdrec' }, 'ssdrec clips the gradients of all rows by their common length'],
    [{ slug: 'cmclrec' }, 'cmclrec fills its memory from whole tables between epochs'],
  ] as const)('is refused in a sentence: %j', async (asked, said) => {
    const refused = trainOne('refused', ranksHere(2)[0], { options: {}, ...asked })
    await expect(refused).rejects.toThrow(said)
    await expect(refused).rejects.toThrow(/^--shard-items: unsupported: /)
  })

  it('is refused for a process alone', async () => {
    const refused = trainOne('refused', undefined, {})
    await expect(refused).rejects.toThrow(
      '--shard-items: unsupported: one process, which would hold all rows. start several: mpirun -n 4 npx siftrec train ...',
    )
  })
})
