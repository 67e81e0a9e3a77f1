/** @file Reports as tables: the full catalog first, the sampled negatives apart and by their name. */
import Table from 'cli-table3'
import { UserError } from '../errors.ts'
import { coldStartEvents, type Figures, type Report } from './evaluate.ts'
import type { Interval } from './intervals.ts'

/** How tables look. */
export interface TableOptions {
  /** No boxes and no colors: for pipes and files. */
  plain: boolean
}

/** An interval as we print it: `0.0812 [0.074, 0.088]`. */
export function printInterval({ mean, low, high }: Interval): string {
  const bounds = low === undefined || high === undefined ? '' : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`
  return `${mean.toFixed(4)}${bounds}`
}

/**
 * The tables of reports on the same targets, a column per model: the full catalog, then the sampled negatives, then both for cold starts.
 * @throws UserError `mismatched` when the reports are not of the same dataset, split part, candidates, seed and list lengths
 */
export function printReports(reports: readonly Report[], options: TableOptions): string {
  const [first] = reports
  if (!first) return ''
  checkAlike(first, reports)
  const { dataset, protocol, part, targets, users, emptyHistories, coldStart, seed } = first
  const heading = `${dataset.name}, ${protocol} split, ${part}: ${targets} targets of ${users} users, ${emptyHistories} with no history (seed ${seed})`
  const section = (title: string, figures: (report: Report) => Figures | undefined): string[] => {
    const columns = reports.flatMap((report) => {
      const own = figures(report)
      return own ? [{ model: report.model, figures: own }] : []
    })
    return columns.length === 0 ? [] : ['', title, table(columns, options)]
  }
  const cold = `Cold start (at most ${coldStartEvents} earlier events; ${coldStart?.targets ?? 0} targets of ${coldStart?.users ?? 0} users)`
  return [
    heading,
    ...section(candidatesTitle[first.candidates], ({ full }) => full),
    ...section('99 sampled negatives', ({ sampled99 }) => sampled99),
    ...section(`${cold}, full catalog`, ({ coldStart }) => coldStart?.full),
    ...section(`${cold}, 99 sampled negatives`, ({ coldStart }) => coldStart?.sampled99),
  ].join('\n')
}

const candidatesTitle: Readonly<Record<Report['candidates'], string>> = {
  unseen: 'Full catalog, less the items the user had touched',
  untargeted: 'Full catalog, less the items the user had as targets before',
  all: 'Full catalog',
}

function table(columns: readonly { model: string; figures: Figures }[], options: TableOptions): string {
  const rows = Object.keys(columns[0]?.figures ?? {}).map((name) => [
    name.toUpperCase(),
    ...columns.map(({ figures }) => printInterval(figures[name] as Interval)),
  ])
  return drawTable(['', ...columns.map(({ model }) => model)], rows, options)
}

/** Rows of text under a head, in boxes or plain, without trailing blanks. */
export function drawTable(head: string[], rows: readonly string[][], { plain }: TableOptions): string {
  const table = new Table({
    head,
    style: { head: [], border: [], compact: true, ...(plain ? { 'padding-left': 0, 'padding-right': 2 } : {}) },
    ...(plain ? { chars: noLines } : {}),
  })
  table.push(...rows)
  return table.toString().replaceAll(/ +$/gm, '')
}

const noLines = Object.fromEntries(
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle'
    .split(' ')
    .map((place) => [place, '']),
)

function checkAlike(first: Report, reports: readonly Report[]): void {
  const setting = ({ dataset, protocol, part, candidates, seed, ks, targets }: Report): string =>
    JSON.stringify({ dataset: dataset.hash, protocol, part, candidates, seed, ks, targets })
  const other = reports.find((report) => setting(report) !== setting(first))
  if (other)
    throw new UserError({
      where: `${first.model} and ${other.model}`,
      problem: 'mismatched',
      value: setting(other),
      expected: setting(first),
    })
}
