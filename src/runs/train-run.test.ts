import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { Dataset } from '../dataset/schema.ts'
import { readProgress } from '../learn/checkpoint.ts'
import { clickTrainingConfig } from '../learn/config.ts'
import type { TrainingEvent } from '../learn/training-run.ts'
import { clickValidation } from '../learn/validation.ts'
import { lockIn } from '../storage/folders.ts'
import { takeLock } from '../storage/lock.ts'
import { ringDataset } from '../testing/ring.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { readRun } from './run-file.ts'
import { runSchema } from './run-settings.ts'
import { resumeRun, trainRun } from './train-run.ts'

const dataset: Dataset = tinyDataset({
  events: [1, 2, 3].flatMap((user) => [1, 2, 3, 4].map((at) => [user, at, 'click', at] as const)),
  behaviors: ['click'],
})
const train = (out: string, more = {}): Promise<unknown> => trainRun({ model: 'popularity', dataset, out, ...more })

describe('a run without validation targets', () => {
  // Each user has one target, which is the test's.
  const single = tinyDataset({
    events: [1, 2, 3, 4].flatMap((user) => [
      [user, user, 'click', 1] as const,
      [user, 5, 'click', 2] as const,
      [user, 6, 'favorite', 3] as const,
    ]),
  })

  it('keeps the epoch with the lowest training loss, and says so', async () => {
    using place = temporaryFolder()
    const events: TrainingEvent[] = []
    const settings = { model: 'sasrec', dataset: single, config: { hiddenSize: 8, auxiliaryTargets: 1 } }
    const training = { epochs: 3, threads: 1, learningRate: 0.01 }
    const out = join(place.path, 'run')
    const result = await trainRun({ ...settings, training, out, report: (event) => void events.push(event) })
    expect(result.best).toEqual({ epoch: 3, validation: null })
    expect(result.history.map(({ loss }) => loss)).toEqual(
      result.history.map(({ loss }) => loss).toSorted((a, b) => b - a),
    )
    expect(events.find(({ kind }) => kind === 'start')).toMatchObject({ measures: false })
    expect(readRun(out).keptBy).toBe('training loss')
    const measured = { ...settings, dataset, training, config: { hiddenSize: 8 }, out: join(place.path, 'measured') }
    expect((await trainRun(measured)).best?.validation).toEqual(expect.any(Number))
    expect(readRun(measured.out).keptBy).toBe('validation')
  })

  it('is told of clicks whose validation labels are all alike', () => {
    const samples = { train: Int32Array.of(2), validation: Int32Array.of(0, 1), label: Uint8Array.of(1, 1, 0) }
    const measures = (label: Uint8Array) => clickValidation({ samples: { ...samples, label } } as never).measures
    expect([measures(samples.label), measures(Uint8Array.of(1, 0, 0))]).toEqual([false, true])
  })
})

it('is not begun where no item has what a model needs, though there are columns for it', async () => {
  using place = temporaryFolder()
  const out = join(place.path, 'run')
  const text = { width: 2, vectors: new Float32Array(10), present: new Uint8Array(5) }
  const empty = train(out, { model: 'unisrec', dataset: { ...dataset, features: { text } }, training: { epochs: 1 } })
  await expect(empty).rejects.toThrow('unisrec: missing: no item with a text')
  expect(existsSync(out)).toBe(false)
})

describe('a run’s settings', () => {
  it('are read as they were written where an option came later: the fingerprint stays', () => {
    const { embeddingRegularization: _, ...training } = clickTrainingConfig.parse({})
    const run = { format: 'siftrec-run', version: 1, model: 'din', config: {}, training }
    const split = { source: 'drawn', label: 'click', protocol: 'random' }
    const read = runSchema.parse({ ...run, dataset: { folder: 'd', name: 'd', hash: 'h' }, split })
    expect(JSON.stringify(read.training)).toBe(JSON.stringify(training))
  })
})

describe('a checkpoint within an epoch', () => {
  it('is written as often as is asked for, and a run that goes on from it ends with the same bytes', async () => {
    using place = temporaryFolder()
    const shop = ringDataset()
    const training = { epochs: 2, threads: 1, batchSize: 4 }
    const settings = { model: 'sasrec', dataset: shop, config: { hiddenSize: 8 }, training, asGiven: true }
    const [whole, kept] = ['whole', 'kept'].map((name) => join(place.path, name)) as [string, string]
    await trainRun({ ...settings, out: whole })
    mkdirSync(kept)
    const left: number[] = []
    const files = ['run.json', 'known.json', 'model.safetensors', 'checkpoint.safetensors']
    await trainRun({
      ...settings,
      out: join(place.path, 'often'),
      checkpointMinutes: 1e-9,
      report(event) {
        if (event.kind !== 'batch' || event.epoch !== 2) return
        // What a kill would leave here: the checkpoint of the step before.
        const from = (file: string): string => join(place.path, 'often', file)
        left.push(readProgress(from('checkpoint.safetensors')).batch)
        if (event.batch === 3) for (const file of files) copyFileSync(from(file), join(kept, file))
      },
    })
    expect(left.slice(0, 3)).toEqual([0, 1, 2])
    await trainRun({ ...settings, out: kept, resume: true })
    for (const file of ['model.safetensors', 'checkpoint.safetensors', 'epochs.json'])
      expect(readFileSync(join(kept, file))).toEqual(readFileSync(join(whole, file)))
  })

  it('is written after each epoch alone by default', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'run')
    const batches = new Set<number>()
    await trainRun({
      model: 'sasrec',
      dataset: ringDataset(),
      out,
      config: { hiddenSize: 8 },
      training: { epochs: 2, threads: 1, batchSize: 4 },
      asGiven: true,
      report(event) {
        const checkpoint = join(out, 'checkpoint.safetensors')
        if (event.kind === 'batch' && existsSync(checkpoint)) batches.add(readProgress(checkpoint).batch)
      },
    })
    expect([...batches]).toEqual([0])
  })
})

describe('a run’s folder', () => {
  it('is written by one process at a time', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'run')
    await train(out)
    const before = readFileSync(join(out, 'model.safetensors'))
    {
      await using _ = await takeLock(lockIn(out), out)
      const busy = /run: busy: process \d+ is writing it/
      await expect(train(out, { overwrite: true })).rejects.toThrow(busy)
      await expect(train(out, { resume: true })).rejects.toThrow(busy)
      await expect(resumeRun(out)).rejects.toThrow(busy)
    }
    expect(readFileSync(join(out, 'model.safetensors'))).toEqual(before)
    await train(out, { overwrite: true })
    expect(existsSync(lockIn(out))).toBe(false)
  })

  it('keeps a stranger’s files, also those with names of ours', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'mine')
    mkdirSync(out)
    writeFileSync(join(out, 'model.safetensors'), 'another tool’s')
    for (const overwrite of [false, true])
      await expect(train(out, { overwrite })).rejects.toThrow(
        /mine: duplicate: the folder holds model\.safetensors, which is not of a run/,
      )
    expect(readFileSync(join(out, 'model.safetensors'), 'utf8')).toBe('another tool’s')
  })

  it('may not be a file, nor below one', async () => {
    using place = temporaryFolder()
    const file = place.write({ afile: '' })
    await expect(train(file)).rejects.toThrow(/afile: invalid: something else has that name/)
    await expect(train(join(file, 'run'))).rejects.toThrow(/run: invalid: a part of the path is a file/)
  })
})
