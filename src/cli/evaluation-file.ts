/** @file An evaluation as a file: JSON, CSV or Markdown, as the file's name ends. */
import { type ClickReport } from '../evaluate/clicks.ts'
import type { Figures, Report } from '../evaluate/evaluate.ts'
import type { Interval } from '../evaluate/intervals.ts'
import { markdownTable, printInterval } from '../evaluate/printing.ts'
import { type ClickFigure, type ListFigure, metrics, printedFigure, type RankFigure } from '../metrics/table.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { csvCell } from './csv-cell.ts'
import { type ClickEvaluation, differencesOf, type RankEvaluation } from './evaluation.ts'
import { endingOf } from './file-ending.ts'

/** One figure of one run. */
interface Line {
  readonly run: string
  readonly slice: string
  readonly candidates: string
  readonly metric: string
  readonly figure: Interval
}

const kinds = ['.json', '.csv', '.md'] as const

/** The kind of a file. @throws UserError `unsupported` for any other ending */
export const kindOf = (file: string): (typeof kinds)[number] => endingOf(file, kinds)

/** Writes an evaluation. @throws UserError as {@link kindOf} */
export async function writeEvaluation(
  file: string,
  evaluation: RankEvaluation | ClickEvaluation,
  seed: number,
): Promise<void> {
  await writeAtomically(file, `${textOf(kindOf(file), evaluation, seed)}\n`)
}

/** The text of a file. */
function textOf(kind: (typeof kinds)[number], evaluation: RankEvaluation | ClickEvaluation, seed: number): string {
  const differences = differencesOf(evaluation, seed)
  if (kind === '.json') return JSON.stringify({ reports: evaluation.reports, differences }, null, 2)
  const lines =
    evaluation.kind === 'ranks' ? evaluation.reports.flatMap(rankLines) : evaluation.reports.flatMap(clickLines)
  if (kind === '.md') {
    const heads = ['run', 'slice', 'candidates', 'metric', 'figure']
    const cells = lines.map(({ figure, ...names }) => [...Object.values<string>(names), printInterval(figure)])
    const less = differences.map(
      ({ run, less, metric, difference }) => `- ${run} less ${less}, ${metric}: ${printInterval(difference)}`,
    )
    return [markdownTable(heads, cells), ...(less.length > 0 ? ['', ...less] : [])].join('\n')
  }
  const heads = ['run', 'less', 'slice', 'candidates', 'metric', 'mean', 'low', 'high']
  const bounds = ({ mean, low, high }: Interval): string[] => [mean, low, high].map((value) => `${value ?? ''}`)
  const rows = [
    ...lines.map(({ run, slice, candidates, metric, figure }) => [
      run,
      '',
      slice,
      candidates,
      metric,
      ...bounds(figure),
    ]),
    ...differences.map(({ run, less, metric, difference }) => [
      run,
      less,
      'all',
      'full',
      metric,
      ...bounds(difference),
    ]),
  ]
  return [heads, ...rows].map((cells) => cells.map(csvCell).join(',')).join('\n')
}

const rankLines = ({ model, name = model, slices, lists = {} }: Report): Line[] => [
  ...Object.entries(lists).map(([key, mean]) => ({
    run: name,
    slice: 'all',
    candidates: 'full',
    metric: printedFigure(key as ListFigure),
    figure: { mean },
  })),
  ...Object.entries(slices).flatMap(([slice, { full, sampled99 }]) =>
    Object.entries({ full, ...(sampled99 && { sampled99 }) }).flatMap(([candidates, figures]: [string, Figures]) =>
      Object.entries(figures).map(([key, figure]) => ({
        run: name,
        slice,
        candidates,
        metric: printedFigure(key as RankFigure),
        figure,
      })),
    ),
  ),
]

const clickLines = ({ model, name = model, figures }: ClickReport): Line[] =>
  Object.entries(figures).map(([key, figure]) => ({
    run: name,
    slice: 'all',
    candidates: 'as shown',
    metric: printedFigure(metrics[key as keyof typeof metrics].key as ClickFigure),
    figure,
  }))
