/** @file Trains variants over seeds, keeps what is done, and writes one table: mean and interval over the seeds' targets. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadDataset } from '../src/data/load.ts'
import type { Split } from '../src/data/schema.ts'
import { compareRanks, type Report, reportOf } from '../src/evaluate/evaluate.ts'
import { rankTargets, type TargetRanks } from '../src/evaluate/rank.ts'
import { writeAtomically } from '../src/storage/atomic.ts'
import { openRun } from '../src/train/open-run.ts'
import { trainRun } from '../src/train/run.ts'
import { mean } from './result.ts'

/** A model with the options that differ from its defaults. */
export interface Variant {
  readonly name: string
  readonly model: string
  readonly config?: Readonly<Record<string, unknown>>
  readonly training?: Readonly<Record<string, unknown>>
}
/** Variants on one dataset by one protocol. */
export interface Grid {
  /** Of the result files, `docs/results/NAME.{json,md}`. */
  readonly name: string
  /** Folder under `runs/` of the trained variants, which grids may share; by default the name. */
  readonly runs?: string
  readonly title: string
  readonly command: string
  readonly data: string
  readonly protocol: Split['protocol']
  readonly variants: readonly Variant[]
  readonly seeds: readonly number[]
  /** The variant the others are compared with, target by target. */
  readonly reference?: string
  readonly metrics?: readonly string[]
}

/** The seeds asked for with `--seeds=1,2`; three by default. */
export function seedsAsked(): number[] {
  const flag = process.argv.find((argument) => argument.startsWith('--seeds='))
  return flag ? flag.slice('--seeds='.length).split(',').map(Number) : [1, 2, 3]
}

/** Where a cell of the grid is trained. */
export const gridFolder = ({ name, runs = name }: Grid, variant: string, seed: number): string =>
  join('runs', runs, `${variant.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-${seed}`)

interface Cell {
  readonly variant: string
  readonly seed: number
  readonly report: Report
  readonly validation: number | null
  readonly epochs: number
  readonly seconds: number
}

/** Runs the grid into `runs/NAME`, and returns its rows after writing both files. */
export async function runGrid(grid: Grid): Promise<Row[]> {
  const dataset = await loadDataset(grid.data)
  const cells: Cell[] = []
  const ranks = new Map<string, TargetRanks>()
  for (const seed of grid.seeds) {
    for (const variant of grid.variants) {
      const folder = gridFolder(grid, variant.name, seed)
      const done = join(folder, 'timing.json')
      const settings = {
        model: variant.model,
        dataset,
        out: folder,
        ...(variant.config && { config: variant.config }),
        split: { protocol: grid.protocol },
      }
      if (!existsSync(done)) {
        mkdirSync(folder, { recursive: true })
        const started = performance.now()
        const result = await trainRun({ ...settings, overwrite: true, training: { ...variant.training, seed } })
        const seconds = (performance.now() - started) / 1e3
        await writeAtomically(done, JSON.stringify({ validation: result.best?.validation ?? null, epochs: result.epochs, seconds }))
      }
      const timing = JSON.parse(readFileSync(done, 'utf8')) as Pick<Cell, 'validation' | 'epochs' | 'seconds'>
      await using run = await openRun(folder, { dataset })
      const options = { part: 'test' as const, seed: 1, ks: [10, 20] }
      const made = await rankTargets(run.scorer, dataset, run.split, options)
      ranks.set(`${variant.name} ${seed}`, made)
      cells.push({ variant: variant.name, seed, report: reportOf(made, dataset, run.split, options), ...timing })
      const figure = cells.at(-1)?.report.full['ndcg@10']?.mean.toFixed(4)
      console.error(
        `${variant.name} seed ${seed}: validation ${timing.validation?.toFixed(4) ?? '-'}, test NDCG@10 ${figure}, ${timing.epochs} epochs, ${timing.seconds.toFixed(0)} s`,
      )
    }
  }
  const rows = grid.variants.map((variant) => rowOf(grid, variant, cells, ranks))
  const markdown = table(grid, rows, cells)
  await writeAtomically(
    join('docs', 'results', `${grid.name}.json`),
    `${JSON.stringify({ ...grid, targets: cells[0]?.report.targets, rows, cells: cells.map(brief) }, null, 1)}\n`,
  )
  await writeAtomically(join('docs', 'results', `${grid.name}.md`), markdown)
  return rows
}

const brief = ({ variant, seed, report, ...timing }: Cell) => ({
  variant,
  seed,
  ...timing,
  full: report.full,
  sampled99: report.sampled99,
  coldStart: report.coldStart,
})

/** Means over seeds; the interval is the mean of the seeds' bootstrap intervals, since the targets are the same. */
function rowOf(grid: Grid, { name, model, config = {}, training = {} }: Variant, cells: readonly Cell[], ranks: ReadonlyMap<string, TargetRanks>) {
  const mine = cells.filter(({ variant }) => variant === name)
  const interval = (pick: (report: Report) => { mean: number; low?: number; high?: number } | undefined) => {
    const all = mine.map(({ report }) => pick(report)).filter((figure) => figure !== undefined)
    return { mean: mean(all.map(({ mean }) => mean)), low: mean(all.map(({ low = 0 }) => low)), high: mean(all.map(({ high = 0 }) => high)) }
  }
  const differences = grid.seeds.flatMap((seed) => {
    const [ours, theirs] = [ranks.get(`${name} ${seed}`), ranks.get(`${grid.reference} ${seed}`)]
    return ours && theirs && name !== grid.reference ? [compareRanks(ours, theirs, { metric: 'ndcg', k: 10, seed: 1 })] : []
  })
  return {
    variant: name,
    model,
    options: { ...config, ...training },
    seeds: grid.seeds,
    validation: mean(mine.map(({ validation }) => validation ?? Number.NaN)),
    'ndcg@10': interval(({ full }) => full['ndcg@10']),
    'hr@10': interval(({ full }) => full['hr@10']),
    'ndcg@20': interval(({ full }) => full['ndcg@20']),
    'hr@20': interval(({ full }) => full['hr@20']),
    'sampled ndcg@10': interval(({ sampled99 }) => sampled99?.['ndcg@10']),
    'sampled hr@10': interval(({ sampled99 }) => sampled99?.['hr@10']),
    ...(differences.length > 0 && {
      difference: {
        mean: mean(differences.map(({ mean }) => mean)),
        low: mean(differences.map(({ low = 0 }) => low)),
        high: mean(differences.map(({ high = 0 }) => high)),
      },
    }),
    seconds: mean(mine.map(({ seconds }) => seconds)),
    epochs: mean(mine.map(({ epochs }) => epochs)),
  }
}

/** One variant's figures. */
export type Row = ReturnType<typeof rowOf>

function table(grid: Grid, rows: readonly Row[], cells: readonly Cell[]): string {
  const figure = ({ mean, low, high }: { mean: number; low: number; high: number }): string =>
    `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`
  const heads = ['variant', 'validation NDCG@10', 'test NDCG@10', 'test HR@10', `NDCG@10 minus ${grid.reference ?? '-'}`, 'epochs', 'seconds']
  const lines = rows.map((row) =>
    [
      row.variant,
      Number.isNaN(row.validation) ? '-' : row.validation.toFixed(4),
      figure(row['ndcg@10']),
      figure(row['hr@10']),
      row.difference ? figure(row.difference) : '-',
      row.epochs.toFixed(0),
      row.seconds.toFixed(0),
    ].join(' | '),
  )
  const sampled = rows.map((row) => [row.variant, figure(row['sampled ndcg@10']), figure(row['sampled hr@10'])].join(' | '))
  return [
    `# ${grid.title}`,
    '',
    `\`${grid.command}\`: protocol ${grid.protocol}, ${cells[0]?.report.targets} test targets, seeds ${grid.seeds.join(', ')}; means over the seeds, with the mean of their 95 % bootstrap intervals over users.`,
    '',
    'Against the full catalog:',
    '',
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---').join('|')}|`,
    ...lines.map((line) => `| ${line} |`),
    '',
    'Against 99 sampled negatives (another question; not comparable with the table above):',
    '',
    '| variant | NDCG@10 | HR@10 |',
    '|---|---|---|',
    ...sampled.map((line) => `| ${line} |`),
    '',
  ].join('\n')
}
