/** @file The audit's judgements beside what was planted, and beside what an oracle makes of the same clicks. */
import type { Dataset } from '../dataset/schema.ts'
import { accidentOracle } from '../simulate/accident-oracle.ts'
import { accidentalOf, type Truth } from '../simulate/shop.ts'
import { clickSignals } from './click-signals.ts'
import { contrast, type Signals } from './contrast.ts'
import { sourceOf } from './evidence.ts'
import { pictureSignals } from './picture-signals.ts'

/** How suspicious each case is, by several judges, and which cases were planted. */
export interface Judged {
  /** By judge, [cases]: higher is more suspicious. */
  readonly suspicion: Readonly<Record<string, Float64Array>>
  /** [cases]: 1 where it was planted. */
  readonly planted: Uint8Array
  /** What the contrast weighs each signal with, and which share it takes for chance. */
  readonly weights: Readonly<Record<string, number>>
  readonly share: number
}

/** The judge that the audit goes by, and the one that knows more than anybody can. */
export const judges = { audit: 'the audit', oracle: 'oracle' } as const

/** The clicks of a simulated shop. */
export function judgedClicks(dataset: Dataset, truth: Truth): Judged {
  const signals = clickSignals(dataset)
  const accidental = accidentalOf(dataset, truth)
  const judged = judgedBy(
    signals,
    signals.drawn,
    signals.rows.map((row) => accidental[row] as number),
  )
  const oracle = oracleOf(dataset, truth)
  const suspicion = { ...judged.suspicion, [judges.oracle]: Float64Array.from(signals.rows, (row) => oracle[row] ?? 0) }
  return { ...judged, suspicion }
}

/** How long an event was looked at, in seconds; undefined where nobody recorded it. */
export type PlayOf = (event: {
  readonly user: string
  readonly item: string
  readonly time: number
}) => number | undefined

/**
 * The clicks whose play is known, of which those count as planted that were left within some seconds; the time until
 * the user's next event is a judge of its own.
 */
export function judgedPlays(dataset: Dataset, playOf: PlayOf, seconds: number): Judged {
  const { events, userIds, catalog } = dataset
  const signals = clickSignals(dataset)
  const plays = Array.from(signals.rows, (row) =>
    playOf({
      user: userIds[events.user[row] as number] as string,
      item: catalog.ids[events.item[row] as number] as string,
      time: events.time[row] as number,
    }),
  )
  const known = plays.flatMap((play, at) => (play === undefined ? [] : [at]))
  const left = Int32Array.from(plays, (play) => (play !== undefined && play < seconds ? 1 : 0))
  const judged = judgedBy(signals, signals.drawn, left)
  const soon = Float64Array.from(signals.rows, (row) => {
    const isLast = events.user[row + 1] !== events.user[row]
    return isLast ? Number.NEGATIVE_INFINITY : (events.time[row] as number) - (events.time[row + 1] as number)
  })
  const suspicion = { ...judged.suspicion, 'the next event soon': soon }
  return {
    ...judged,
    suspicion: Object.fromEntries(
      Object.entries(suspicion).map(([name, all]) => [name, Float64Array.from(known, (at) => all[at] as number)]),
    ),
    planted: Uint8Array.from(known, (at) => left[at] as number),
  }
}

/** The pictures of a dataset in which those of some items are wrong. @throws Error for one without pictures */
export function judgedPictures(dataset: Dataset, isWrong: (item: number) => boolean): Judged {
  const signals = pictureSignals(dataset)
  if (!signals) throw new Error(`${dataset.manifest.name} has no pictures`)
  return judgedBy(
    signals,
    signals.drawn,
    signals.items.map((item) => (isWrong(item) ? 1 : 0)),
  )
}

function judgedBy(signals: Signals, drawn: Float64Array, planted: Int32Array): Judged {
  const { names, values } = signals
  const { fits, weights, share } = contrast(signals, drawn)
  const sources = [...new Set(names.map(sourceOf))]
  const alone = sources.map((source) => {
    const own = names.flatMap((name, at) => (sourceOf(name) === source ? [at] : []))
    const suspicion = Float64Array.from(planted, (_, one) =>
      own.reduce((sum, at) => sum - (values[one * names.length + at] as number), 0),
    )
    return [source, suspicion] as const
  })
  return {
    suspicion: { ...Object.fromEntries(alone), [judges.audit]: fits.map((fit) => -fit) },
    planted: Uint8Array.from(planted),
    weights,
    share,
  }
}

/** By row, how probable an accident is for somebody who knows the taste of its user, but no flag. */
function oracleOf({ events, catalog, userIds, manifest }: Dataset, truth: Truth): Float64Array {
  const probabilities = new Float64Array(events.item.length)
  const placeOf = new Map(truth.items.map(({ id }, place) => [id, place]))
  const userOf = new Map(truth.users.map((user) => [user.id, user]))
  const { accidentalShare = 0 } = truth.settings
  const oracle = accidentOracle({ items: truth.items, settings: { accidentalShare } })
  for (let user = 1; user < userIds.length; user++) {
    const taste = userOf.get(userIds[user] as string)
    if (!taste) continue
    const [begin, end] = [events.start[user] as number, events.start[user + 1] as number]
    const history = Array.from({ length: end - begin }, (_, at) => ({
      item: placeOf.get(catalog.ids[events.item[begin + at] as number] as string) as number,
      behavior: manifest.behaviors[events.behavior[begin + at] as number] as 'click' | 'favorite',
      time: events.time[begin + at] as number,
    }))
    probabilities.set(oracle(taste, history), begin)
  }
  return probabilities
}
