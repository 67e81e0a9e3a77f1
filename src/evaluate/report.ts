/**
 * @file Reports as tables: of ranks, the full catalog first, the sampled negatives apart and by their name; and of
 * clicks.
 */
import { negativeCount } from '../dataset/negatives.ts'
import { UserError } from '../errors.ts'
import { clickMetrics, type ListFigure, metrics, printedFigure, type RankFigure } from '../metrics/table.ts'
import { baseRateName, type ClickReport } from './clicks.ts'
import type { Figures, Report } from './evaluate.ts'
import type { Interval } from './intervals.ts'
import { drawTable, printInterval, type TableOptions } from './printing.ts'

/**
 * The tables of reports on the same targets, a column per model: the full catalog, then the sampled negatives, then
 * both for each slice.
 * @throws UserError `mismatched` when the reports are not of the same dataset, split part, candidates, seed and list
 * lengths
 */
export function printReports(reports: readonly Report[], options: TableOptions): string {
  const [first] = reports
  if (!first) return ''
  checkAlike(reports, ({ dataset, protocol, part, candidates, seed, ks, slices }) =>
    JSON.stringify({ dataset: dataset.hash, protocol, part, candidates, seed, ks, targets: slices.all.targets }),
  )
  const { dataset, protocol, part, slices, emptyHistories, seed } = first
  const { targets, users } = slices.all
  const asked = first.question === undefined ? '' : `, ${first.question}`
  const heading = `${dataset.name}, ${protocol} split${asked}, ${part}: ${targets} targets of ${users} users, ${emptyText(emptyHistories)} (seed ${seed})`
  const section = (title: string, figures: (report: Report) => Figures | undefined): string[] => {
    const columns = reports.flatMap((report) => {
      const own = figures(report)
      return own ? [{ model: report.name ?? report.model, figures: own }] : []
    })
    return columns.length === 0 ? [] : ['', title, figuresTable(columns, options)]
  }
  const sampled = `${negativeCount} sampled negatives`
  const sections = Object.entries(slices).flatMap(([name, { title, about, targets, users }]) => {
    const [full, negatives] =
      name === 'all'
        ? [candidatesTitle[first.candidates], `${sampled}${negativesTitle[first.candidates]}`]
        : ['full catalog', sampled].map(
            (candidates) => `${title} (${about}; ${targets} targets of ${users} users), ${candidates}`,
          )
    return [
      ...section(full as string, ({ slices }) => slices[name]?.full),
      ...section(negatives as string, ({ slices }) => slices[name]?.sampled99),
    ]
  })
  return [heading, ...sections, ...listsSection(reports, options)].join('\n')
}

/** Whether users without a history count in the headline: they do, and no model is asked about them. */
const emptyText = (count: number): string =>
  count === 0 ? '0 with no history' : `${count} with no history, answered by popularity and counted in`

/** Metrics of the lists of all targets, where every report has them. */
function listsSection(reports: readonly Report[], options: TableOptions): string[] {
  const [first] = reports
  if (!first?.lists || !reports.every(({ lists }) => lists)) return []
  const rows = Object.keys(first.lists).map((key) => [
    printedFigure(key as ListFigure),
    ...reports.map(({ lists = {} }) => (lists[key] ?? Number.NaN).toFixed(4)),
  ])
  const heads = ['', ...reports.map(({ model, name = model }) => name)]
  return ['', 'Lists of all targets', drawTable(heads, rows, options)]
}

const candidatesTitle: Readonly<Record<Report['candidates'], string>> = {
  unseen: 'Full catalog, less the items the user had touched',
  untargeted: 'Full catalog, less the items the user had as targets before',
  all: 'Full catalog',
}

/** Where touched items are targets, knowing the history tells a target from negatives, and the table little else. */
const touchedWins = ', none of which the user ever touched, as the target may be: whoever names the history wins'
const negativesTitle: Readonly<Record<Report['candidates'], string>> = {
  unseen: '',
  untargeted: touchedWins,
  all: touchedWins,
}

function figuresTable(columns: readonly { model: string; figures: Figures }[], options: TableOptions): string {
  const rows = Object.keys(columns[0]?.figures ?? {}).map((name) => [
    printedFigure(name as RankFigure),
    ...columns.map(({ figures }) => printInterval(figures[name] as Interval)),
  ])
  return drawTable(['', ...columns.map(({ model }) => model)], rows, options)
}

/**
 * The table of reports on the same impressions, a row a model.
 * @throws UserError `mismatched` when the reports differ in their impressions, clicks or users
 */
export function printClickReports(reports: readonly ClickReport[], options: TableOptions): string {
  const [first] = reports
  if (!first) return ''
  const setting = ({ impressions, clicks, users }: ClickReport): string =>
    `${impressions} impressions of ${users} users, ${clicks} clicked`
  checkAlike(reports, setting)
  const heading = `${setting(first)} (${((100 * first.clicks) / first.impressions).toFixed(1)} %); ${metrics.gauc.printed} over the ${first.usersOfBoth} users who have both`
  const rows = reports.map(({ model, name = model, figures }) => [
    name,
    ...clickMetrics.map(([name]) => printInterval(figures[name])),
  ])
  const table = drawTable(['model', ...clickMetrics.map(([, { printed }]) => printed)], rows, options)
  return [heading, '', table, ...worseThanConstant(reports)].join('\n')
}

/** A line for each model whose probabilities are worse than the constant beside it. */
function worseThanConstant(reports: readonly ClickReport[]): string[] {
  const lossOf = ({ figures }: ClickReport): number => figures.logLoss.mean
  const constant = reports.find(({ model }) => model === baseRateName)
  if (!constant) return []
  return reports
    .filter((report) => lossOf(report) > lossOf(constant))
    .map(
      (report) =>
        `${report.name ?? report.model} has worse probabilities than a constant: ${metrics.logLoss.printed} ${lossOf(report).toFixed(4)}, the ${baseRateName} has ${lossOf(constant).toFixed(4)}`,
    )
}

/** Refuses reports that cannot stand side by side, as their settings tell. */
function checkAlike<T extends { readonly model: string }>(
  reports: readonly T[],
  settingOf: (report: T) => string,
): void {
  const [first] = reports as readonly [T]
  const other = reports.find((report) => settingOf(report) !== settingOf(first))
  if (!other) return
  throw new UserError({
    where: `${first.model} and ${other.model}`,
    problem: 'mismatched',
    value: settingOf(other),
    expected: settingOf(first),
  })
}
