import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runFacts } from './run-facts.ts'

const place = mkdtempSync(join(tmpdir(), 'siftrec-run-facts-'))
const split = { protocol: 'leave-one-out', testShare: 0.2, validationShare: 0.1 }

interface Written {
  readonly hash?: string
  readonly epochs?: unknown
  /** null for a run of before it was written. */
  readonly keptBy?: string | null
}
function write(name: string, model: string, { hash = 'same', epochs, keptBy = 'validation' }: Written = {}): void {
  const folder = join(place, name)
  mkdirSync(folder)
  const run = {
    format: 'siftrec-run',
    version: 1,
    model,
    config: {},
    training: epochs
      ? { epochs: 3, patience: 2, batchSize: 32, learningRate: 0.001, weightDecay: 0, seed: 1, threads: 1 }
      : null,
    dataset: { folder: '/somewhere/films', name: 'films', hash },
    ...(epochs !== undefined && keptBy !== null && { keptBy }),
    split,
  }
  writeFileSync(join(folder, 'run.json'), JSON.stringify(run))
  if (epochs !== undefined) writeFileSync(join(folder, 'epochs.json'), JSON.stringify(epochs))
}
const epoch = (number: number, validation: number | null, stage?: string) => ({
  epoch: number,
  loss: 5 - number,
  parts: {},
  validation,
  ...(stage && { stage }),
})
const report = (model: string, name: string, hash = 'same') => ({
  model,
  name,
  dataset: { name: 'films', hash },
  part: 'test',
  slices: { all: { targets: 9, users: 9, full: { 'ndcg@10': { mean: 0.1, low: 0.05, high: 0.15 } } } },
})

beforeAll(() => {
  write('served', 'sasrec', { epochs: [epoch(1, null, 'first'), epoch(2, 0.3, 'last'), epoch(3, 0.2, 'last')] })
  write('popular', 'popularity')
  write('other-data', 'popularity', { hash: 'other' })
  mkdirSync(join(place, 'broken'))
  writeFileSync(join(place, 'broken', 'run.json'), '{')
  const difference = { run: 'sasrec', less: 'popularity', metric: 'NDCG@10', difference: { mean: 0.01 } }
  const evaluation = {
    reports: [report('sasrec', 'sasrec'), report('m3bsr', 'm3bsr'), report('later-model', 'later-model')],
    differences: [difference],
  }
  writeFileSync(join(place, 'test.json'), JSON.stringify(evaluation))
  writeFileSync(join(place, 'foreign.json'), JSON.stringify({ reports: [report('sasrec', 'sasrec', 'other')] }))
  writeFileSync(join(place, 'no-evaluation.json'), '[1, 2')
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

describe('runFacts', () => {
  it('tells the runs on one dataset, with the epoch that was kept, and leaves out what it cannot read', () => {
    const { runs } = runFacts(join(place, 'served'))
    expect(runs.map(({ name, model, best, epochs }) => [name, model, best, epochs.length])).toEqual([
      ['popular', 'popularity', undefined, 0],
      ['served', 'sasrec', 2, 3],
    ])
    expect(JSON.stringify(runs)).not.toContain('somewhere')
  })

  it('tells the epoch that was kept by a log loss, by a training loss, and before runs said by what', () => {
    const validated = [epoch(1, 0.6), epoch(2, 0.4), epoch(3, 0.5)]
    write('kept-log-loss', 'din', { hash: 'kept', epochs: validated, keptBy: 'validation log loss' })
    write('kept-loss', 'sasrec', { hash: 'kept', epochs: [epoch(1, null), epoch(2, null)], keptBy: 'training loss' })
    write('kept-unsaid', 'sasrec', { hash: 'kept', epochs: validated, keptBy: null })
    const { runs } = runFacts(join(place, 'kept-loss'))
    expect(runs.map(({ name, best }) => [name, best])).toEqual([
      ['kept-log-loss', 2],
      ['kept-loss', 2],
      ['kept-unsaid', 1],
    ])
  })

  it('calls models what they are called elsewhere, and one that it does not know by its slug', () => {
    const { runs, evaluations } = runFacts(join(place, 'served'))
    expect(runs.map(({ title }) => title)).toEqual(['popularity', 'SASRec'])
    expect(evaluations[0]?.runs.map(({ title }) => title)).toEqual(['SASRec', 'M³BSR', 'later-model'])
  })

  it('tells evaluations on that dataset, and which run each line is of', () => {
    const { evaluations } = runFacts(join(place, 'served'))
    expect(evaluations.map(({ file }) => file)).toEqual(['test.json'])
    expect(evaluations[0]?.runs.map(({ name, run }) => [name, run])).toEqual([
      ['sasrec', 'served'],
      ['m3bsr', undefined],
      ['later-model', undefined],
    ])
    expect(evaluations[0]?.runs[0]?.figures['ndcg@10']).toEqual({ mean: 0.1, low: 0.05, high: 0.15 })
    expect(evaluations[0]?.differences).toHaveLength(1)
  })

  it('refuses a folder that holds no run', () => {
    expect(() => runFacts(join(place, 'broken'))).toThrow(/corrupted/)
  })
})
