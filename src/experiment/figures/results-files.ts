/** @file Writes an experiment's one results table in three forms, and its plot. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../../storage/atomic.ts'
import { writeParquetTable } from '../../storage/parquet-table.ts'
import type { Experiment, Findings } from '../experiment.ts'
import { headlineOf, usualSeeds } from '../terms.ts'
import type { ComparisonResult } from './comparison-result.ts'
import { htmlPage } from './html-page.ts'
import { rounded, rowsOf } from './results.ts'
import { comparisonPage } from './tables.ts'

/** Where results are written, and what the command that makes them said. */
export interface ResultsPlace {
  /** Folder of the page, its rows and the plot. */
  readonly out: string
  /** Folder of datasets and cells, where the Parquet table lies. */
  readonly runs: string
  /** Those of the command line. */
  readonly seeds?: readonly number[]
  readonly models?: readonly string[]
  readonly findings?: Findings | undefined
}

const kinds = {
  model: 'VARCHAR',
  options: 'VARCHAR',
  dataset: 'VARCHAR',
  split: 'VARCHAR',
  protocol: 'VARCHAR',
  metric: 'VARCHAR',
  mean: 'DOUBLE',
  low: 'DOUBLE',
  high: 'DOUBLE',
  seeds: 'INTEGER[]',
  slice: 'VARCHAR',
} as const

/**
 * Writes the results of an experiment.
 * @returns the page, and the paths of all files
 */
export async function writeResults(
  experiment: Experiment,
  results: readonly ComparisonResult[],
  { out, runs, seeds, models, findings }: ResultsPlace,
): Promise<{ page: string; files: string[] }> {
  const { name, title, about } = experiment
  const own = join(runs, name)
  for (const folder of [out, own]) mkdirSync(folder, { recursive: true })
  const usual = (experiment.seeds ?? usualSeeds).join()
  const flags = [
    ...(models ? [` --models ${models.join(',')}`] : []),
    ...(!seeds || seeds.join() === usual ? [] : [` --seeds ${seeds.join(',')}`]),
  ]
  const command = `${experiment.command ?? `npx siftrec experiment ${name}`}${flags.join('')}`
  const rows = results.flatMap(rowsOf)
  const page = pageOf(experiment, command, { results, findings })
  const files = {
    json: join(out, `${name}.json`),
    md: join(out, `${name}.md`),
    svg: join(out, `${name}.svg`),
    ...(experiment.html && { html: join(out, `${name}.html`) }),
    parquet: join(own, `${name}.parquet`),
  }
  await writeAtomically(
    files.json,
    printJson(
      { name, title, about, command },
      { rows, comparisons: results.map(withoutRows), ...(findings && { findings: findings.lines }) },
    ),
  )
  await writeAtomically(files.md, page)
  // Loaded where it is needed: every other command would start the slower for it.
  const { drawPlot, plotOfVariants } = await import('./plot.ts')
  const plot = drawPlot(findings?.plot ?? experiment.plot?.(results) ?? plotOfVariants(title, results))
  await writeAtomically(files.svg, plot)
  if (files.html !== undefined) {
    await writeAtomically(files.html, htmlPage({ markdown: page, plots: { [`${name}.svg`]: plot } }))
  }
  await writeParquetTable(
    files.parquet,
    kinds,
    rows.map((row) => ({ ...row, options: JSON.stringify(row.options), slice: row.slice ?? null })),
  )
  return { page, files: Object.values(files) }
}

/** JSON with an element of each list on a line of its own, so that a changed figure is a changed line. */
function printJson(
  head: Readonly<Record<string, string>>,
  lists: Readonly<Record<string, readonly unknown[]>>,
): string {
  const texts = Object.entries(head).map(([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  const listed = Object.entries(lists).map(
    ([name, list]) => ` ${JSON.stringify(name)}: [\n${list.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n ]`,
  )
  return `{\n${[...texts, ...listed].join(',\n')}\n}\n`
}

function pageOf(
  { name, title, about, notes }: Experiment,
  command: string,
  { results, findings }: { readonly results: readonly ComparisonResult[]; readonly findings: Findings | undefined },
): string {
  const clicks = results.some(({ variants }) => variants.some(({ figures }) => headlineOf(figures) === 'impressions'))
  const how = clicks
    ? "A figure is the mean over the seeds. The intervals of AUC and of its differences, taken impression by impression, are DeLong's for that mean at 95 %; that of the log loss is a bootstrap over users. Calibration is the clicks expected over those that came. The base rate says one thing of every impression: the share of clicks that trained."
    : 'A figure is the mean over the seeds, with the 95 % bootstrap interval over users of the metric averaged over the seeds; a difference is taken target by target.'
  const own = [notes?.(results), findings?.page].flatMap((text) => text ?? [])
  const parts = [
    `# ${title}`,
    about,
    `\`${command}\` makes this page, [its rows](${name}.json) and the plot. ${how}`,
    `![${title}](${name}.svg)`,
  ]
  return `${[...parts, ...own, ...results.map(comparisonPage)].join('\n\n')}\n`
}

/** What the file tells of a comparison beside its rows. */
function withoutRows({
  title,
  frame,
  slice,
  targets,
  users,
  seeds,
  measure,
  variants,
  tried,
}: ComparisonResult): unknown {
  return {
    title,
    protocol: frame,
    ...(slice !== undefined && { slice }),
    targets,
    users,
    seeds,
    variants: variants.map(
      ({ variant, model, options, dataset, difference, below, improvement, bestEpochs, measures }) => ({
        variant,
        model,
        options,
        dataset,
        bestEpochs,
        ...(below && { below: below.map(({ counted }) => counted) }),
        ...(improvement && { relaImpr: rounded(improvement.relaImpr), aucRatio: rounded(improvement.aucRatio) }),
        ...(measure !== undefined && measures.length > 0 && { [measure]: measures.map(rounded) }),
        ...(difference && {
          difference: {
            against: difference.against,
            ...Object.fromEntries(
              Object.entries(difference.figures).map(([metric, { mean, low = 0, high = 0 }]) => [
                metric,
                { mean: rounded(mean), low: rounded(low), high: rounded(high) },
              ]),
            ),
          },
        }),
      }),
    ),
    tried: tried.map((one) => ({ ...one, validation: rounded(one.validation) })),
  }
}
