/** @file How figures and tables look, wherever they are printed. */
import Table from 'cli-table3'
import type { Interval } from './intervals.ts'

/** How tables look in a terminal. */
export interface TableOptions {
  /** No boxes and no colors: for pipes and files. */
  plain: boolean
}

/** An interval as we print it: `0.0812 [0.074, 0.088]`; the mean alone where there are no bounds. */
export function printInterval({ mean, low, high }: Interval, boundDigits = 3): string {
  const bounds =
    low === undefined || high === undefined ? '' : ` [${low.toFixed(boundDigits)}, ${high.toFixed(boundDigits)}]`
  return `${mean.toFixed(4)}${bounds}`
}

/** A share as we print it: `10.40 %`. */
export const printPercent = (share: number): string => `${(100 * share).toFixed(2)} %`

/** A part of a whole as we print it: `12.5 %`; `0 %` of nothing. */
export const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Number(((100 * part) / whole).toFixed(1))} %`

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

/** A Markdown table. */
export function markdownTable(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
