/**
 * @file Why a model of clicks gives candidates their probabilities, in the log's own ids and titles (Diff-MSIN, section
 * 4.7).
 */

import type { RatedHistory } from '../batches/impressions.ts'
import { mergeBehaviors } from '../dataset/event-columns.ts'
import { historyOf } from '../dataset/histories.ts'
import type { BehaviorIndex, Dataset, ItemIndex } from '../dataset/schema.ts'
import { unknownName } from '../errors.ts'
import type { ClickPrediction, ClickPredictor } from './click-predictor.ts'
import { knownItem } from './known-item.ts'
import { itemNamed } from './named-reasons.ts'

/** Events of one item and behavior in the history that a prediction looked at. */
export interface AttendedEvent {
  readonly id: string
  readonly title: string
  readonly behavior: string
  /** In the model's own unit: a share where it has a softmax, any number where it has none. Several are added up. */
  readonly weight: number
  /** How many events these are. */
  readonly times: number
}
/** One candidate's prediction. */
export interface ClickExplanation {
  readonly id: string
  readonly title: string
  readonly probability: number
  /** How far the gate of each part is open, in [0, 1] (Diff-MSIN, eq. 14); absent where the model has none. */
  readonly gates?: Readonly<Record<string, number>>
  /**
   * The events with the largest weights, by their size, those of one item and behavior as one; empty where the model
   * reads no history.
   */
  readonly attention: readonly AttendedEvent[]
}

/** Whom to ask: what `openRun` returns. */
interface Trained {
  readonly dataset: Dataset
  readonly predictor: ClickPredictor
}

/**
 * Explains predictions for a user, by the id of the log, as of now: all the user's events are read.
 * @param top how many events are named, 5 by default
 * @throws UserError `unknown` for a user or an item that the dataset does not have
 */
export async function explainClicks(
  { dataset, predictor }: Trained,
  user: string,
  items: readonly string[],
  { top = 5 }: { top?: number } = {},
): Promise<ClickExplanation[]> {
  const { userIds, manifest, events } = dataset
  const index = userIds.indexOf(user, 1)
  if (index < 0)
    throw unknownName(`${manifest.name} user`, user, userIds.slice(1), { expected: 'a user of the dataset' })
  const candidates = items.map((id) => knownItem(dataset, id))
  const history = mergeBehaviors(historyOf(events, index))
  const { probability, length, reasons } = await predictor.candidates(history, candidates)
  return candidates.map((item, at) => {
    const { gates, attended } = clickReasons(predictor, { length, reasons }, history, at)
    return {
      ...itemNamed(dataset, item),
      probability: probability[at] as number,
      ...(gates && { gates }),
      attention: attended.slice(0, top).map(({ item: event, behavior, weight, times }) => ({
        ...itemNamed(dataset, event),
        behavior: manifest.behaviors[behavior] as string,
        weight,
        times,
      })),
    }
  })
}

/** Events of one item and behavior that a prediction looked at, in indices. */
interface Attended {
  readonly item: ItemIndex
  readonly behavior: BehaviorIndex
  readonly weight: number
  readonly times: number
}

/** What a prediction says of its candidate number `at`: the gates, and the events by the size of their weights. */
export function clickReasons(
  predictor: Pick<ClickPredictor, 'gates'>,
  { length, reasons: { gates, attention } }: Pick<ClickPrediction, 'length' | 'reasons'>,
  history: RatedHistory,
  at: number,
): { readonly gates?: Readonly<Record<string, number>>; readonly attended: readonly Attended[] } {
  const opened = predictor.gates.map((name, gate, all) => [name, gates?.[at * all.length + gate] as number])
  return {
    ...(gates && { gates: Object.fromEntries(opened) as Record<string, number> }),
    attended: attention ? attendedOf(history, attention.subarray(at * length, (at + 1) * length)) : [],
  }
}

/** @param weights of the last events of the history, as many as the model reads */
function attendedOf({ item, behavior }: RatedHistory, weights: Float32Array): Attended[] {
  const first = Math.max(0, item.length - weights.length)
  const known = new Map<string, { place: number; weight: number; times: number }>()
  for (let place = 0; place < Math.min(weights.length, item.length); place++) {
    const key = `${item[first + place]} ${behavior[first + place]}`
    const { weight = 0, times = 0 } = known.get(key) ?? {}
    known.set(key, { place, weight: weight + (weights[place] as number), times: times + 1 })
  }
  return [...known.values()]
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || b.place - a.place)
    .map(({ place, weight, times }) => ({
      item: item[first + place] as number,
      behavior: behavior[first + place] as number,
      weight,
      times,
    }))
}
