/**
 * @file Why a model of clicks gives candidates their probabilities, in the log's own ids and titles (Diff-MSIN, section
 * 4.7).
 */

import type { RatedHistory } from '../batches/impressions.ts'
import { mergeBehaviors } from '../dataset/event-columns.ts'
import { historyOf } from '../dataset/histories.ts'
import type { BehaviorIndex, Dataset, FeatureModality, ItemIndex } from '../dataset/schema.ts'
import { unknownName } from '../errors.ts'
import type { ClickPrediction, ClickPredictor } from './click-predictor.ts'
import { knownItem } from './known-item.ts'
import { effectOfEvents, effectOfModality } from './leave-one-out.ts'
import { checkTop } from './list-length.ts'
import { itemNamed } from './named-reasons.ts'

/** Events of one item and behavior in the history that a prediction hangs on. */
export interface AttendedEvent {
  readonly id: string
  readonly title: string
  readonly behavior: string
  /** How far the logarithm of the odds falls without them; below 0 where it rises. */
  readonly effect: number
  /**
   * The attention that they got, in the model's own unit: a share where it has a softmax, any number where it has none.
   * Several are added up.
   */
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
   * How far the logarithm of the odds falls where no item has a picture, or a text; absent where the model reads
   * neither.
   */
  readonly modalities?: Readonly<Partial<Record<FeatureModality, number>>>
  /**
   * The events that the prediction falls most without, those of one item and behavior as one; empty where the model
   * attends to none.
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
 * @throws UserError `unknown` for a user or an item that the dataset does not have, `invalid` for a `top` that is not a
 * whole number from 1
 */
export async function explainClicks(
  { dataset, predictor }: Trained,
  user: string,
  items: readonly string[],
  { top = 5 }: { top?: number } = {},
): Promise<ClickExplanation[]> {
  checkTop(top)
  const { userIds, manifest, events } = dataset
  const index = userIds.indexOf(user, 1)
  if (index < 0)
    throw unknownName(`${manifest.name} user`, user, userIds.slice(1), { expected: 'a user of the dataset' })
  const candidates = items.map((id) => knownItem(dataset, id))
  const history = mergeBehaviors(historyOf(events, index))
  const told = await reasonsOfClicks(predictor, history, candidates, Number.POSITIVE_INFINITY)
  const modalities = await modalityEffects(predictor, history, candidates, told.probability)
  return candidates.map((item, at) => {
    const { gates, events: counted } = told.reasons[at] as ClickReasons
    const effects = modalities.map(([name, values]) => [name, values[at]])
    return {
      ...itemNamed(dataset, item),
      probability: told.probability[at] as number,
      ...(gates && { gates }),
      ...(effects.length > 0 && { modalities: Object.fromEntries(effects) as Record<FeatureModality, number> }),
      attention: counted.slice(0, top).map(({ item: event, behavior, effect, weight, times }) => ({
        ...itemNamed(dataset, event),
        behavior: manifest.behaviors[behavior] as string,
        effect,
        weight,
        times,
      })),
    }
  })
}

/** What each modality that the model reads adds to the predictions of candidates. */
export async function modalityEffects(
  predictor: ClickPredictor,
  history: RatedHistory,
  items: readonly number[],
  probability: ArrayLike<number>,
): Promise<(readonly [FeatureModality, Float64Array])[]> {
  const read = (['image', 'text'] as const).filter((modality) => predictor.reads(modality))
  const effects: (readonly [FeatureModality, Float64Array])[] = []
  for (const modality of read)
    effects.push([modality, await effectOfModality(predictor, { history, items, probability }, modality)])
  return effects
}

/** Why one candidate has its probability. */
export interface ClickReasons {
  readonly gates?: Readonly<Record<string, number>>
  /** The events that were left out in turn, the one that the prediction falls most without first. */
  readonly events: readonly (Attended & { readonly effect: number })[]
}

/** How many events a service leaves out in turn: it has to answer at once. */
export const usuallyTried = 12

/**
 * Predicts candidates and leaves events out in turn, a pass over the candidates for each.
 * @param tried how many events are left out at most: those that the candidates together attend to most
 */
export async function reasonsOfClicks(
  predictor: ClickPredictor,
  history: RatedHistory,
  items: readonly number[],
  tried: number,
): Promise<{ readonly probability: Float32Array; readonly reasons: readonly ClickReasons[] }> {
  const prediction = await predictor.candidates(history, items)
  const { probability, length } = prediction
  const looked = items.map((_, at) => clickReasons(predictor, prediction, history, at))
  const names = mostAttended(looked).slice(0, tried)
  const effects = new Map<string, Float64Array>()
  // What lies before the events that are read would take the place of one that is left out.
  const read = lastOf(history, length)
  for (const name of names) {
    const stays = (at: number): boolean => nameOf(read, at) !== name
    effects.set(name, await effectOfEvents({ predictor, history: read, items, probability }, stays))
  }
  const reasons = looked.map(({ gates, attended }, at) => ({
    ...(gates && { gates }),
    events: attended
      .flatMap((event) => {
        const effect = effects.get(`${event.item} ${event.behavior}`)?.[at]
        return effect === undefined ? [] : [{ ...event, effect }]
      })
      .sort((a, b) => b.effect - a.effect),
  }))
  return { probability, reasons }
}

/** Names of events, the most attended of all candidates together first. */
function mostAttended(looked: readonly { readonly attended: readonly Attended[] }[]): string[] {
  const sums = new Map<string, number>()
  for (const { item, behavior, weight } of looked.flatMap(({ attended }) => attended)) {
    const name = `${item} ${behavior}`
    sums.set(name, (sums.get(name) ?? 0) + Math.abs(weight))
  }
  return [...sums].sort(([, a], [, b]) => b - a).map(([name]) => name)
}

const nameOf = ({ item, behavior }: RatedHistory, at: number): string => `${item[at]} ${behavior[at]}`

function lastOf({ user, item, behavior }: RatedHistory, length: number): RatedHistory {
  const from = Math.max(0, item.length - length)
  return { user, item: Array.from(item).slice(from), behavior: Array.from(behavior).slice(from) }
}

/** Events of one item and behavior that a prediction looked at, in indices. */
interface Attended {
  readonly item: ItemIndex
  readonly behavior: BehaviorIndex
  readonly weight: number
  readonly times: number
}

/** What a prediction says of its candidate number `at`: the gates, and the events by the size of their weights. */
function clickReasons(
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
