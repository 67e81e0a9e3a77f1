/** @file A knock-out in words: a table, and one sentence for each signal. */
import type { Interval } from '../evaluate/intervals.ts'
import { printInterval } from '../evaluate/printing.ts'
import { printedFigure, type RankFigure } from '../metrics/table.ts'
import type { Cost } from './costs.ts'
import type { Faithfulness } from './faithfulness.ts'
import type { KnockOut, SignalResult } from './knock-out.ts'
import type { WayResult } from './results.ts'

/** What a knock-out is of. */
export function headingOf({ dataset, model, part, targets, users, metric, untouched }: KnockOut): string {
  const figure = `${printedMetric(metric)} ${printInterval(untouched)}`
  return `${dataset}, ${part} part: ${targets} targets of ${users} users; ${model} has ${figure}`
}

const printedMetric = (metric: string): string => printedFigure(metric as RankFigure)

/** The head of the table. */
export const headOf = ({ metric }: KnockOut): readonly string[] => [
  'signal',
  'replaced by',
  'when',
  printedMetric(metric),
  'lost',
  'share',
  '',
  'disk',
  'memory',
  'to encode',
]

/** The rows of the table: each way that a signal was replaced, and beside the first what it costs to have. */
export function rowsOf({ signals }: KnockOut): string[][] {
  return signals.flatMap((signal) => {
    const results = [
      ...signal.inference.map((result) => ['at inference', result] as const),
      ...(signal.retrained ?? []).map((result) => ['retrained', result] as const),
    ]
    return results.map(([when, result], at) => [
      at === 0 ? signal.name : '',
      result.way,
      when,
      ...cellsOf(result),
      ...(at === 0 ? costCells(signal.cost) : ['', '', '']),
    ])
  })
}

function cellsOf({ figure, loss, share }: WayResult): string[] {
  if (!figure || !loss || share === undefined) return ['-', '-', '-', 'cannot do without']
  return [printInterval(figure), printInterval(loss, 4), percentText(share), verdictOf(loss)]
}

const verdictOf = ({ low = 0, high = 0 }: Interval): string => {
  if (low > 0) return 'lost'
  return high < 0 ? 'gained' : 'not told apart'
}

function costCells({ diskBytes, memoryBytes, encodeSeconds }: Cost): string[] {
  return [
    diskBytes === null ? '-' : bytesText(diskBytes),
    bytesText(memoryBytes),
    encodeSeconds === null ? '-' : `${encodeSeconds.toPrecision(2)} s`,
  ]
}

function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`
  return `${(bytes / 1e6).toFixed(1)} MB`
}

const percentText = (share: number): string => `${(100 * share).toFixed(1)} %`

/** A sentence for each signal, the one that adds most first. */
export function sentencesOf(knockOut: KnockOut): string[] {
  const shareOf = (signal: SignalResult): number => decisiveOf(signal).result?.share ?? Number.POSITIVE_INFINITY
  const sorted = knockOut.signals.toSorted((a, b) => shareOf(b) - shareOf(a))
  const { unread, model } = knockOut
  const notRead = unread.length > 0 ? [`${model} does not read ${listed(unread)} when it ${verbOf(knockOut)}.`] : []
  return [...sorted.map((signal) => sentenceOf(signal, printedMetric(knockOut.metric))), ...notRead]
}

const verbOf = ({ metric }: KnockOut): string => (metric === 'auc' ? 'predicts' : 'ranks')
const listed = (names: readonly string[]): string => new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names)

/**
 * What a sentence goes by: a model that was trained without the signal, else the trained model with the signal
 * shuffled, whose values it knows and which then say nothing.
 */
function decisiveOf({ inference, retrained }: SignalResult): { result: WayResult | undefined; trained: boolean } {
  const find = (results: readonly WayResult[], first: string): WayResult | undefined =>
    results.find(({ way }) => way === first) ?? results[0]
  if (retrained) return { result: find(retrained, 'nothing'), trained: true }
  return { result: find(inference, 'permutation'), trained: false }
}

/** What people call a signal, in the plural. */
function wordsOf({ kind, name }: SignalResult): string {
  if (kind === 'field') return `values of the field ${name}`
  if (kind === 'behavior') return `${name} events`
  return name === 'image' ? 'pictures' : 'texts'
}

function sentenceOf(signal: SignalResult, metric: string): string {
  const words = capital(wordsOf(signal))
  const { result, trained } = decisiveOf(signal)
  const { loss, share, way } = result ?? {}
  if (!loss || share === undefined || way === undefined) return `${words}: the model cannot do without them.`
  const { low = 0, high = 0 } = loss
  const how = trained ? trainedWords[way] : shownWords[way]
  if (low <= 0 && high >= 0)
    return `${words} add nothing you could measure on this data: ${how} loses ${between(loss)}${lostAnyway(signal, trained, metric)}.`
  if (high < 0) return `${words} do harm: ${how} gains ${percentText(-share)} of ${metric}.`
  return `${words} add ${percentText(share)}: ${how} loses that much of ${metric}.`
}

/** What a model loses that gets nothing for a signal, and does as well with wrong values as with the right ones. */
function lostAnyway({ inference }: SignalResult, trained: boolean, metric: string): string {
  const without = trained ? undefined : inference.find(({ way }) => way === 'nothing')
  if (!without?.loss || without.share === undefined || (without.loss.low ?? 0) <= 0) return ''
  return `; it wants some, not the right ones, since without any it loses ${percentText(without.share)} of ${metric}`
}

const between = ({ low = 0, high = 0 }: Interval): string => `between ${low.toFixed(4)} and ${high.toFixed(4)}`
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

const trainedWords = {
  nothing: 'a model that is trained without them',
  permutation: 'a model that is trained with them shuffled',
  noise: 'a model that is trained with noise in their place',
} as const
const shownWords = {
  nothing: 'this model without them',
  permutation: 'this model with them shuffled',
  noise: 'this model with noise in their place',
} as const

/** A line for each kind of thing that explanations name. */
export function printFaithfulness({ run, model, part, recommendations, kinds }: Faithfulness): string {
  const heading = `${recommendations} recommendations of ${model} (${run}) before targets of the ${part} part`
  const lines = kinds.map(
    ({ kind, cases, share, replaced }) =>
      `the ${kind} that is named counts more than another one in ${percentText(share.mean)} ${sharesBetween(share)} of ${cases} cases; with something else in their places in ${percentText(replaced.mean)} ${sharesBetween(replaced)}`,
  )
  return [heading, ...lines].join('\n')
}

const sharesBetween = ({ low = 0, high = 1 }: Interval): string => `[${percentText(low)}, ${percentText(high)}]`
