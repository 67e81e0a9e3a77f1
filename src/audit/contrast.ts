/**
 * @file What is there against what is drawn: how strange a row of a user's own data is, without anybody's labels.
 *
 * Signals of what is there are set beside the signals of a stand-in that was drawn by chance in the same place, and a
 * logistic regression tells the two apart. What is there is a mixture of what was meant and of chance, so its odds
 * fall the more, the likelier a row is chance itself. Nothing but the data chooses the weights.
 */

import { auc } from '../metrics/auc.ts'

/** Signals of rows, row-major. */
export interface Signals {
  readonly names: readonly string[]
  /** [rows * names], higher where a row fits better. */
  readonly values: Float64Array
}

/** What the contrast says of the rows that are there. */
export interface Contrast {
  /** Of each signal, in standard deviations of it: 0 where it tells nothing. */
  readonly weights: Readonly<Record<string, number>>
  /** [rows]: the log odds that the row is not a stand-in; lower is stranger. */
  readonly fits: Float64Array
  /** [rows * names]: what each signal adds to them. */
  readonly parts: Float64Array
  /** [rows]: about how likely each row came about by chance. */
  readonly chances: Float64Array
  /** The share of the rows that may be chance: an estimate from above. */
  readonly share: number
  /** The chance that a row fits better than a stand-in: 0.5 where nothing is known. */
  readonly told: number
}

/**
 * Below it no row is suspected: even if the meant ones were told perfectly, seven of ten would have to be chance. So
 * too little is known, or the signals tell nothing.
 */
export const leastTold = 0.65

/** Of so many stand-ins the least that an estimate of a share rests on. */
const leastShare = 0.1
const ridge = 1
/** Nothing is told as surer. */
const surest = 0.99

/** Sets rows beside their stand-ins, which have the same signals and are as many; there may be none. */
export function contrast({ names, values }: Signals, drawn: Float64Array): Contrast {
  const width = names.length
  if (values.length === 0) return { weights: {}, fits: values, parts: values, chances: values, share: 0, told: 0.5 }
  const scale = scaleOf(width, values, drawn)
  const [there, standIns] = [scaled(values, scale), scaled(drawn, scale)]
  const learned = logistic(width, there, standIns)
  const [fits, odds] = [oddsOf(there, learned), oddsOf(standIns, learned)]
  const share = shareByChance(fits, odds)
  return {
    weights: Object.fromEntries(names.map((name, at) => [name, learned[at] as number])),
    fits,
    parts: there.map((value, at) => value * (learned[at % width] as number)),
    // By Bayes: the share of chance times how much likelier a stand-in has this fit.
    chances: fits.map((fit) => Math.min(surest, share * Math.exp(-fit))),
    share,
    told: auc([...fits, ...odds], [...fits.map(() => 1), ...odds.map(() => 0)]),
  }
}

interface Scale {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

function scaleOf(width: number, ...all: readonly Float64Array[]): Scale {
  const [mean, deviation] = [new Float64Array(width), new Float64Array(width)]
  const rows = all.reduce((sum, { length }) => sum + length / width, 0)
  const each = (add: (value: number, at: number) => void): void => {
    for (const values of all) for (const [at, value] of values.entries()) add(value, at % width)
  }
  each((value, at) => (mean[at] = (mean[at] as number) + value / rows))
  each((value, at) => (deviation[at] = (deviation[at] as number) + (value - (mean[at] as number)) ** 2 / rows))
  return { mean, deviation: deviation.map((square) => Math.sqrt(square) || 1) }
}

const scaled = (values: Float64Array, { mean, deviation }: Scale): Float64Array =>
  values.map((value, at) => {
    const signal = at % mean.length
    return (value - (mean[signal] as number)) / (deviation[signal] as number)
  })

function oddsOf(rows: Float64Array, learned: Float64Array): Float64Array {
  const width = learned.length - 1
  return Float64Array.from({ length: rows.length / width }, (_, row) => {
    let odds = learned[width] as number
    for (let at = 0; at < width; at++) odds += (learned[at] as number) * (rows[row * width + at] as number)
    return odds
  })
}

/** Weights and a shift [width + 1] of a logistic regression of rows against stand-ins, by Newton's steps. */
function logistic(width: number, there: Float64Array, drawn: Float64Array): Float64Array {
  const size = width + 1
  let learned: Float64Array = new Float64Array(size)
  for (let step = 0; step < 15; step++) {
    const system = Array.from({ length: size }, () => new Float64Array(size + 1))
    for (const [rows, label] of [
      [there, 1],
      [drawn, 0],
    ] as const) {
      for (const [row, odds] of oddsOf(rows, learned).entries()) {
        const probability = 1 / (1 + Math.exp(-odds))
        const curvature = probability * (1 - probability)
        const value = (at: number): number => (at === width ? 1 : (rows[row * width + at] as number))
        for (let a = 0; a < size; a++) {
          const line = system[a] as Float64Array
          for (let b = 0; b < size; b++) line[b] = (line[b] as number) + curvature * value(a) * value(b)
          line[size] = (line[size] as number) + (label - probability) * value(a)
        }
      }
    }
    for (let at = 0; at < size; at++) {
      const line = system[at] as Float64Array
      line[at] = (line[at] as number) + (at === width ? 1e-6 : ridge)
      if (at < width) line[size] = (line[size] as number) - ridge * (learned[at] as number)
    }
    const move = solved(system)
    learned = learned.map((weight, at) => weight + (move[at] as number))
    if (move.every((one) => Math.abs(one) < 1e-8)) break
  }
  return learned
}

/** The solution of equations whose right side is their last column, by Gauss and Jordan. */
function solved(system: readonly Float64Array[]): Float64Array {
  const size = system.length
  const rows: Float64Array[] = system.map((row) => row.slice())
  for (let at = 0; at < size; at++) {
    const best = rows.reduce(
      (most, row, place) =>
        place >= at && Math.abs(row[at] as number) > Math.abs(rows[most]?.[at] as number) ? place : most,
      at,
    )
    ;[rows[at], rows[best]] = [rows[best] as Float64Array, rows[at] as Float64Array]
    const pivot = rows[at] as Float64Array
    for (const row of rows) {
      if (row === pivot) continue
      const factor = (row[at] as number) / (pivot[at] as number)
      for (let column = at; column <= size; column++)
        row[column] = (row[column] as number) - factor * (pivot[column] as number)
    }
  }
  return Float64Array.from(rows, (row, at) => (row[size] as number) / (row[at] as number))
}

/**
 * The largest share of chance that the rows leave room for: below any bound there must be at least that share of the
 * stand-ins below it (Scott & Blanchard, 2009), and the bound where this says most is taken.
 */
function shareByChance(fits: Float64Array, drawn: Float64Array): number {
  const [rows, standIns] = [fits.toSorted(), drawn.toSorted()]
  let [share, below] = [1, 0]
  for (let at = Math.ceil(leastShare * standIns.length) - 1; at >= 0 && at < standIns.length; at++) {
    const bound = standIns[at] as number
    while (below < rows.length && (rows[below] as number) <= bound) below++
    share = Math.min(share, below / rows.length / ((at + 1) / standIns.length))
  }
  return share
}
