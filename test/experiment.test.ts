import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, Experiment } from '../src/experiment/experiment.ts'
import { checkSameFrame } from '../src/experiment/figures/check-same-frame.ts'
import type { ComparisonResult } from '../src/experiment/figures/comparison-result.ts'
import { protocolTable } from '../src/experiment/figures/tables.ts'
import { checkComparison } from '../src/experiment/harness/check-comparison.ts'
import { gridProgress } from '../src/experiment/harness/grid-progress.ts'
import { runExperiment } from '../src/experiment/harness/run-experiment.ts'
import { experiments } from '../src/experiment/studies/experiments.ts'
import type { Frame } from '../src/experiment/terms.ts'
import { openDatabase } from '../src/storage/duckdb.ts'
import { compiled, type Ended, inProcess, siftrec, start, workplace } from './fixtures/siftrec.ts'
import { tinyChoice } from './fixtures/tiny-experiment.ts'
import { tinyFiles, tinyPlace, tinyResults } from './fixtures/tiny-places.ts'
import { writeTinyShop } from './fixtures/tiny-shop.ts'

const folder = workplace()
const startTiny = (cwd: string, jobs: number) =>
  start([String(jobs)], { cwd, through: compiled('test/fixtures/tiny-experiment.js') })
const place = (name: string): string => tinyPlace(folder, name)
/** The cells of a place: which files each has. */
const cellsOf = (cwd: string): string[][] => {
  const cells = join(cwd, 'runs', 'experiments', 'cells')
  return existsSync(cells) ? readdirSync(cells).map((cell) => readdirSync(join(cells, cell))) : []
}
interface TinyResults {
  rows: Record<string, unknown>[]
  comparisons: {
    tried: { options: { dropout: number }; validation: number; kept: boolean }[]
    variants: { options: unknown }[]
  }[]
}
const jsonOf = (cwd: string): TinyResults =>
  JSON.parse(readFileSync(join(cwd, 'results', 'tiny.json'), 'utf8')) as TinyResults

let whole: Ended | undefined
beforeAll(async () => {
  writeTinyShop(folder)
  whole = await startTiny(place('whole'), 1).ended
})

describe('an experiment', () => {
  it('prints a line for each cell, with what is left', () => {
    const lines = whole?.stderr.trim().split('\n') ?? []
    const validation = String.raw`validation NDCG@10 0\.\d{4}`
    const left = String.raw`, \d+ s; about \d+ s left$`
    expect({ code: whole?.code, lines }).toEqual({
      code: 0,
      lines: [
        'preparing tiny',
        '^tiny: at most 5 cells$',
        '^2 cells to do, 1 at once$',
        `^\\[1/2\\] SASRec, option set 1 of 2: ${validation} in epoch [1-5] of 5${left}`,
        `^\\[2/2\\] SASRec, option set 2 of 2: ${validation} in epoch [1-5] of 5, \\d+ s$`,
        '^3 cells to do, 1 at once$',
        `^\\[1/3\\] SASRec, seed 1: ${validation} in epoch [1-5] of 5${left}`,
        `^\\[2/3\\] item-kNN, seed 1: ${validation}${left}`,
        `^\\[3/3\\] SASRec, seed 2: ${validation} in epoch [1-5] of 5, \\d+ s$`,
      ].map((line) => expect.stringMatching(new RegExp(line)) as unknown),
    })
  })

  it('writes one table: JSON and Parquet with the same rows', async () => {
    const { rows } = jsonOf(join(folder, 'whole'))
    expect(rows).toHaveLength(2 * 5)
    for (const row of rows) {
      expect(Object.keys(row)).toEqual([
        'model',
        'options',
        'dataset',
        'split',
        'protocol',
        'metric',
        'mean',
        'low',
        'high',
        'seeds',
      ])
    }
    expect(rows[1]).toMatchObject({
      model: 'sasrec',
      dataset: 'tiny shop',
      split: 'leave-one-out',
      protocol: 'full',
      metric: 'ndcg@10',
      seeds: [1, 2],
    })
    using db = await openDatabase()
    const stored = await db.rows<{ mean: number; options: string }>(
      `SELECT * FROM '${join(folder, 'whole', tinyFiles[3] as string)}'`,
    )
    expect(stored.map(({ mean }) => mean)).toEqual(rows.map(({ mean }) => mean))
    expect(stored.map(({ options }) => JSON.parse(options) as unknown)).toEqual(rows.map(({ options }) => options))
  })

  it('prints the full catalog and the sampled negatives in tables of their own', () => {
    const page = readFileSync(join(folder, 'whole', 'results', 'tiny.md'), 'utf8')
    const heads = page.split('\n').filter((line, at, lines) => lines[at + 1]?.startsWith('| ---'))
    expect(heads).toEqual([
      '| variant | validation NDCG@10 | test NDCG@10 | test HR@10 | NDCG@10 minus item-kNN |',
      '| variant | test NDCG@10 | test HR@10 |',
      '| variant | model | dataset | options | epoch kept |',
      '| variant | options | seed | validation NDCG@10 |  |',
    ])
    expect(page).toMatch(
      /\n\| SASRec \| (0\.\d{4} \[0\.\d{4}, 0\.\d{4}\] \| ){3}-?0\.\d{4} \[-?0\.\d{4}, -?0\.\d{4}\] \|\n/,
    )
    expect(page).toMatch(/\n\| item-kNN \| item-knn \| tiny shop \| defaults \| - \|\n/)
    expect(page).toContain('Split leave-one-out, candidates unseen, 60 test targets of 60 users, seeds 1, 2.')
    expect(page).toContain('![A tiny shop](tiny.svg)')
  })

  it('keeps the option set that validation prefers, and never tests the others', () => {
    const [comparison] = jsonOf(join(folder, 'whole')).comparisons
    const tried = comparison?.tried ?? []
    const best = Math.max(...tried.map(({ validation }) => validation))
    expect(tried.map(({ kept }) => kept)).toEqual(tried.map(({ validation }) => validation === best))
    expect(comparison?.variants[0]?.options).toEqual(tried.find(({ kept }) => kept)?.options)
    // Two seeds of the winner and item-kNN were tested; the loser was trained alone.
    expect(cellsOf(join(folder, 'whole')).map((files) => files.includes('tested.json'))).toHaveLength(4)
    expect(
      cellsOf(join(folder, 'whole')).filter(
        (files) => files.includes('trained.json') && !files.includes('tested.json'),
      ),
    ).toHaveLength(1)
  })

  it('trains nothing when it is started again', async () => {
    const cwd = join(folder, 'whole')
    const [before, cells] = [tinyResults(cwd), join(cwd, 'runs', 'experiments', 'cells')]
    const times = (): number[] =>
      readdirSync(cells, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(cells, name)).mtimeMs)
    const written = times()
    const { stderr } = await startTiny(cwd, 1).ended
    expect(stderr).toBe('2 of 2 cells were done before\n3 of 3 cells were done before\n')
    expect(times()).toEqual(written)
    expect(tinyResults(cwd)).toEqual(before)
  })

  it('gives the same bytes after kill -9 in a cell, and a signal between two processes side by side', async () => {
    const cwd = place('stopped')
    const killed = startTiny(cwd, 1)
    const begun = (): boolean =>
      cellsOf(cwd).some((files) => files.includes('checkpoint.safetensors') && !files.includes('trained.json'))
    while (!begun() && killed.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2))
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(begun()).toBe(true)
    expect(existsSync(join(cwd, 'results'))).toBe(false)
    const { child, ended, said } = startTiny(cwd, 2)
    await said('option set')
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining('stopping') })
    expect(existsSync(join(cwd, 'results'))).toBe(false)
    expect((await startTiny(cwd, 2).ended).code).toBe(0)
    expect(tinyResults(cwd)).toEqual(tinyResults(join(folder, 'whole')))
  })
})

const quiet = gridProgress({ write: () => true } as unknown as NodeJS.WritableStream, 1)
/** Runs a comparison of fitted models in this process. */
async function compare(comparison: Partial<Comparison>, only?: string[]): Promise<unknown> {
  const whole: Comparison = {
    title: 'Two',
    dataset: tinyChoice(folder),
    metrics: ['ndcg@10'],
    variants: [],
    ...comparison,
  }
  const experiment: Experiment = { name: 'two', title: 'Two', about: 'Two.', seeds: [1], comparisons: () => [whole] }
  const settings = {
    dataRoot: folder,
    out: join(folder, 'two'),
    runs: join(folder, 'two-runs'),
    jobs: 1,
    progress: quiet,
  }
  return runExperiment(experiment, { ...settings, ...(only && { only }) })
}
const [first, second] = [
  { name: 'popular', model: 'popularity' },
  { name: 'near', model: 'item-knn' },
]

describe('a table', () => {
  it('refuses another split, another candidates policy', async () => {
    await expect(compare({ variants: [first, { ...second, split: { protocol: 'time' } }] })).rejects.toThrow(
      /^table "Two", near: mismatched: split time .*expected split leave-one-out, as of popular\. figures of different protocols need tables/,
    )
    await expect(compare({ variants: [first, { ...second, dataset: tinyChoice(folder, 'all') }] })).rejects.toThrow(
      /^table "Two", near: mismatched: candidates all, expected candidates unseen/,
    )
  })

  it('refuses the targets of another dataset', async () => {
    const other = join(folder, 'other')
    mkdirSync(other)
    writeTinyShop(other, { seed: 2 })
    await expect(compare({ variants: [first, { ...second, dataset: tinyChoice(other) }] })).rejects.toThrow(
      /^table "Two", near: mismatched: targets 60, hash \w+, expected targets 60, hash/,
    )
  })

  it('refuses other sampled negatives, and a figure of the other protocol', () => {
    const frame: Frame = { split: { protocol: 'given' }, candidates: 'all', negatives: null, targets: '1, hash a' }
    const framed = [frame, { ...frame, negatives: '99, seed 1' }].map((frame, at) => ({ variant: `v${at}`, frame }))
    expect(() => checkSameFrame('T', framed)).toThrow(
      /^table "T", v1: mismatched: sampled negatives 99, seed 1, expected sampled negatives none/,
    )
    const figures = { full: {}, sampled99: { 'ndcg@10': { mean: 0.5 } } }
    const variants = [
      {
        variant: 'v',
        model: 'm',
        options: {},
        dataset: 'd',
        validation: null,
        figures,
        bestEpochs: [],
        measures: [],
        seconds: 0,
      },
    ]
    const result: ComparisonResult = {
      title: 'T',
      frame,
      targets: 1,
      users: 1,
      seeds: [1],
      metrics: ['ndcg@10'],
      variants,
      tried: [],
      absent: [],
    }
    expect(() => protocolTable(result, 'full')).toThrow(
      /^table "T", v: mismatched: a figure of protocol sampled99, expected ndcg@10 of protocol full/,
    )
    expect(protocolTable(result, 'sampled99')).toContain('| v | 0.5000 |')
  })

  it('refuses an unequal budget of tuning, unknown names and options, before anything is trained', async () => {
    const tuned = (name: string, tries: number) => ({
      name,
      model: 'sasrec',
      tune: Array.from({ length: tries }, () => ({})),
    })
    const told = /^table "Two", b: mismatched: 3 option sets to try, expected 2, as for a: one budget for all$/
    await expect(compare({ variants: [tuned('a', 2), tuned('b', 3)] })).rejects.toThrow(told)
    await expect(compare({ variants: [first], reference: 'populr' })).rejects.toThrow(
      /variant: unknown: "populr".*did you mean "popular"/,
    )
    await expect(compare({ variants: [first, first] })).rejects.toThrow(/duplicate: variant "popular"/)
    await expect(compare({ variants: [{ ...first, model: 'item-kn' }] })).rejects.toThrow(/model: unknown: "item-kn"/)
    await expect(
      compare({ variants: [{ name: 'a', model: 'sasrec', tune: [{ config: { hiddenSize: 0 } }] }] }),
    ).rejects.toThrow(/sasrec\.hiddenSize: invalid/)
    await expect(compare({ variants: [first] }, ['near'])).rejects.toThrow(/--only: unknown: "near"/)
  })

  it('has variants by defaults, as siftrec train fits them, in the cells of those that say the same', async () => {
    const training = { epochs: 1, threads: 1 }
    const config = { hiddenSize: 8 }
    const byDefault = { name: 'usual', model: 'sasrec', defaults: true, config, training }
    const same = {
      name: 'written out',
      model: 'sasrec',
      config: { ...config, maxLength: 20 },
      training: { ...training, batchSize: 32, patience: 40 },
    }
    const small = { name: 'small', model: 'sasrec', defaults: true, config, training: { ...training, batchSize: 8 } }
    const plain = { name: 'plain', model: 'sasrec', config, training }
    await compare({ variants: [byDefault, same, small, plain], reference: 'written out' })
    const json = readFileSync(join(folder, 'two', 'two.json'), 'utf8')
    const variants = (JSON.parse(json) as TinyResults).comparisons[0]?.variants ?? []
    const fitted = { hiddenSize: 8, maxLength: 20, ...training, batchSize: 32, patience: 40 }
    expect(variants.map(({ options }) => options)).toEqual([
      fitted,
      fitted,
      { ...fitted, batchSize: 8 },
      { ...config, ...training },
    ])
    const trained = readdirSync(join(folder, 'two-runs', 'cells')).filter((cell) => cell.startsWith('sasrec-'))
    expect(trained).toHaveLength(3)
    // What the command chooses is what the run says.
    const data = readdirSync(join(folder, 'two-runs', 'data')).find((name) => /^tiny-\w+$/.test(name)) ?? ''
    const args = [
      'train',
      'sasrec',
      join('two-runs', 'data', data),
      '--hidden-size',
      '8',
      '--epochs',
      '1',
      '--threads',
      '1',
    ]
    await inProcess([...args, '--out', 'usual'], folder)
    const run = JSON.parse(readFileSync(join(folder, 'usual', 'run.json'), 'utf8')) as Record<string, object>
    expect({ ...run['config'], ...run['training'] }).toMatchObject(fitted)
  })

  it('has what is done of the variants that were not asked for', async () => {
    const names = async (only: string[]): Promise<unknown> => {
      await compare({ variants: [first, second] }, only)
      const { rows } = JSON.parse(readFileSync(join(folder, 'two', 'two.json'), 'utf8')) as TinyResults
      return [...new Set(rows.map(({ model }) => model))]
    }
    const fresh = {
      variants: [
        { ...first, split: { protocol: 'time' as const } },
        { ...second, split: { protocol: 'time' as const } },
      ],
    }
    await compare(fresh, ['near'])
    expect(readFileSync(join(folder, 'two', 'two.md'), 'utf8')).toContain('seeds 1. Not run yet: popular.')
    expect(await names(['near'])).toEqual(['popularity', 'item-knn'])
  })
})

describe('siftrec experiment', () => {
  it('lists the experiments; refuses an unknown name, data that is not there, models for an experiment with its own', async () => {
    const listed = await siftrec(['experiment'], folder)
    const refused = async (...args: string[]) => {
      const { code, stdout, stderr } = await inProcess(['experiment', ...args], folder)
      return { code, stdout, stderr: stderr.trim() }
    }
    expect(listed.code).toBe(0)
    for (const line of listed.stdout.trim().split('\n')) expect(line).toMatch(/^[a-z0-9-]+ +\S.*\.$/)
    for (const { name } of experiments) expect(listed.stdout).toMatch(new RegExp(`^${name} `, 'm'))
    const refusal = (told: RegExp): unknown => ({ code: 2, stdout: '', stderr: expect.stringMatching(told) })
    expect(await refused('bayb')).toEqual(refusal(/^experiment: unknown: "bayb".*did you mean "baby"\?$/))
    expect(await refused('unknown-users', '--data-root', 'nowhere')).toEqual(
      refusal(
        /ml-latest-small: missing: the data this experiment is about\. say where the data sets are with --data-root$/,
      ),
    )
    expect(await refused('baby', '--models', 'sasrec')).toEqual(refusal(/^--models: unsupported/))
    expect(await refused('statistics', '--seeds', '1')).toEqual(
      refusal(/^--seeds: unsupported: 1, expected none: statistics trains nothing$/),
    )
  })

  it('has comparisons that can be run: known variants, one budget of tuning, options in range', () => {
    const grids = experiments.filter((experiment) => 'comparisons' in experiment)
    const all = grids.flatMap(({ comparisons, models }) =>
      comparisons({ dataRoot: 'nowhere', ...(models && { models }) }),
    )
    expect(all.length).toBeGreaterThan(9)
    for (const comparison of all) expect(() => checkComparison(comparison)).not.toThrow()
  })
})
