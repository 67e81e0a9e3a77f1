import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { tinyChoice } from '../../../test/fixtures/tiny-experiment.ts'
import { writeTinyShop } from '../../../test/fixtures/tiny-shop.ts'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { openDatabase } from '../../storage/duckdb.ts'
import type { Comparison, Experiment, TrainedCell } from '../experiment.ts'
import type { ComparisonResult } from '../figures/comparison-result.ts'
import { gridProgress } from './grid-progress.ts'
import { runExperiment } from './run-experiment.ts'

const folder = temporaryFolder()
beforeAll(() => writeTinyShop(folder.path))
afterAll(() => folder[Symbol.dispose]())

const near = (neighbors: number) => ({ name: `near ${neighbors}`, model: 'item-knn', config: { neighbors } })
const whole: Omit<Comparison, 'title'> = {
  dataset: tinyChoice(folder.path),
  split: { protocol: 'time' },
  metrics: ['ndcg@10'],
  variants: [near(2), { name: 'popular', model: 'popularity' }, near(100)],
}

const written = (ending: string): string => readFileSync(join(folder.path, 'out', `small.${ending}`), 'utf8')

async function results(
  comparisons: readonly Comparison[],
  about: Partial<Experiment> = {},
  asked: { readonly tables?: readonly string[] } = {},
): Promise<{ results: readonly ComparisonResult[]; page: string; said: string }> {
  let said = ''
  const progress = gridProgress({ write: (line: string) => (said += line) } as unknown as NodeJS.WritableStream, 1)
  const settings = { dataRoot: folder.path, out: join(folder.path, 'out'), runs: join(folder.path, 'runs') }
  const experiment = {
    name: 'small',
    title: 'Small',
    about: 'Small.',
    seeds: [1],
    ...about,
    comparisons: () => comparisons,
  }
  const outcome = await runExperiment(experiment, { ...settings, ...asked, jobs: 1, progress })
  if (outcome.status === 'interrupted') throw new Error('interrupted')
  return { ...outcome, said }
}

describe('an experiment', () => {
  it('tells before it starts how many cells it has, and how long it may take; nothing once all is done', async () => {
    const guess = { hours: 7, from: '5 minutes a training' }
    const comparison: Comparison = { title: 'All', ...whole, extremes: [1, 2, 3] }
    const { said } = await results([comparison], { guess })
    // Three, and two more seeds of the best and of the worst.
    expect(said).toContain(
      '\nsmall: at most 7 cells; all of them take about 7 hours on one core (5 minutes a training)\n',
    )
    expect((await results([comparison], { guess })).said).not.toContain('small:')
  })

  it('tells the last epoch where a last stage has a number of them, as what it ends with is kept', async () => {
    const mapped = {
      name: 'mapped',
      model: 'cmclrec',
      config: { hiddenSize: 8, layers: 1, heads: 1, maxLength: 8, mappingEpochs: 2, coldEvents: 1 },
      training: { epochs: 1, batchSize: 16, threads: 1 },
    }
    const files = { events: join(folder.path, 'events.csv'), items: join(folder.path, 'items.csv') }
    const mapping = { name: 'titled', behaviors: ['click', 'favorite'] }
    const make = (out: string) => prepareDataset({ ...files, mapping, out, features: localFeatures() })
    const recipe = () => ({ name: 'titled', settings: {}, inputs: Object.values(files), make })
    const dataset = { label: 'titled shop', recipe }
    const { results: found, page } = await results([{ title: 'All', ...whole, dataset, variants: [mapped] }])
    expect(found[0]?.variants[0]?.bestEpochs).toEqual([3])
    expect(page).toMatch(/mapped.*\| 3 \|/)
  })

  it('trains for the tables that are asked for, and leaves out those of which nothing is done', async () => {
    const other: Comparison = { ...whole, title: 'Other', variants: [near(3)] }
    const found = await results([{ ...whole, title: 'All' }, other], {}, { tables: ['all'] })
    expect(found.results.map(({ title }) => title)).toEqual(['All'])
    expect(found.said).toContain('left out, since nothing of it is done: Other')
    await expect(results([other], {}, { tables: ['All'] })).rejects.toThrow('--tables: unknown: "All"')
  })

  it('has the best and the worst by validation in a table of their own, with more seeds', async () => {
    const found = await results([{ title: 'All', ...whole, extremes: [1, 2, 3] }])
    const [all, extremes] = found.results
    const byValidation = all?.variants.toSorted((a, b) => (b.validation?.mean ?? 0) - (a.validation?.mean ?? 0)) ?? []
    expect([all?.seeds, extremes?.seeds]).toEqual([[1], [1, 2, 3]])
    expect(extremes?.title).toBe('All: best and worst')
    expect(extremes?.variants.map(({ variant }) => variant)).toEqual([
      byValidation[0]?.variant,
      byValidation.at(-1)?.variant,
    ])
    expect(extremes?.variants[0]?.difference?.against).toBe(byValidation.at(-1)?.variant)
    expect(found.page).toContain('\n## All: best and worst\n')
  })

  it('has seeds of its own in a comparison that says so, and the targets of a slice in its figures alone', async () => {
    // Most favorites are tested, early ones too.
    const split = { protocol: 'time', testShare: 0.8, validationShare: 0.1 } as const
    const found = await results([
      { title: 'All', ...whole, split, seeds: [4, 5] },
      { title: 'Cold', ...whole, split, slice: 'coldStart' },
    ])
    const [all, cold] = found.results
    expect([all?.seeds, cold?.seeds]).toEqual([[4, 5], [1]])
    expect(cold?.targets).toBeGreaterThan(0)
    expect(cold?.targets).toBeLessThan(all?.targets ?? 0)
    expect(cold?.variants[0]?.validation).toEqual(all?.variants[0]?.validation)
    expect(found.page).toContain(`, ${cold?.targets} test targets (at most 10 earlier events) of `)
    const { rows } = JSON.parse(written('json')) as { rows: { metric: string; seeds: number[]; slice?: string }[] }
    const ofSlice = 'at most 10 earlier events'
    for (const { metric, seeds, slice } of rows)
      expect(slice).toBe(seeds.length === 1 && metric === 'ndcg@10' ? ofSlice : undefined)
    using db = await openDatabase()
    const stored = await db.rows<{ slice: string | null }>(
      `SELECT slice FROM '${join(folder.path, 'runs', 'small', 'small.parquet')}'`,
    )
    expect(stored.map(({ slice }) => slice)).toEqual(rows.map(({ slice }) => slice ?? null))
  })

  it('lets a study look into what was trained, and has what it found on the page, in the JSON and as the plot', async () => {
    const looked: TrainedCell[] = []
    const heatmaps = [{ title: 'One', x: 'x', y: 'y', columns: [1], rows: [2], cells: [[0.25]] }]
    await results([{ title: 'All', ...whole }], {
      async look(cells) {
        looked.push(...cells)
        await using run = await (cells[0] as TrainedCell).open()
        return { page: `Seen ${run.run.model}.`, lines: [{ seen: 1 }], plot: { title: 'Seen', heatmaps } }
      },
    })
    expect(looked.map(({ comparison, variant, seed }) => [comparison, variant, seed])).toEqual(
      ['near 2', 'popular', 'near 100'].map((name) => ['All', name, 1]),
    )
    expect(written('md')).toContain('\n\nSeen item-knn.\n\n## All\n')
    expect((JSON.parse(written('json')) as { findings: unknown }).findings).toEqual([{ seen: 1 }])
    expect(written('svg')).toContain('>0.2500</text>')
  })
})
