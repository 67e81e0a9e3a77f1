/**
 * @file Why a model of clicks gives candidates their probabilities, in the log's own ids and titles (Diff-MSIN, section
 * 4.7).
 */

import { mergeBehaviors } from '../dataset/event-columns.ts'
import { historyOf } from '../dataset/histories.ts'
import type { Dataset } from '../dataset/schema.ts'
import { type UserError, unknownName } from '../errors.ts'
import type { ClickPredictor } from './click-predictor.ts'

const unknownItem = ({ manifest, catalog }: Dataset, id: string): UserError =>
  unknownName(`${manifest.name} item`, id, catalog.ids.slice(1), { expected: 'an item of the dataset' })

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
  const { userIds, catalog, manifest, events } = dataset
  const index = userIds.indexOf(user, 1)
  if (index < 0)
    throw unknownName(`${manifest.name} user`, user, userIds.slice(1), { expected: 'a user of the dataset' })
  const candidates = items.map((id) => {
    const item = catalog.ids.indexOf(id, 1)
    if (item < 0) throw unknownItem(dataset, id)
    return item
  })
  const history = mergeBehaviors(historyOf(events, index))
  const { probability, length, reasons } = await predictor.candidates(history, candidates)
  const { attention, gates } = reasons
  const first = Math.max(0, history.item.length - length)
  return candidates.map((item, at) => ({
    id: catalog.ids[item] as string,
    title: catalog.titles[item] as string,
    probability: probability[at] as number,
    ...(gates && {
      gates: Object.fromEntries(
        predictor.gates.map((name, gate, all) => [name, gates[at * all.length + gate] as number]),
      ),
    }),
    attention: attention ? strongest(attention.subarray(at * length, (at + 1) * length)) : [],
  }))

  function strongest(weights: Float32Array): AttendedEvent[] {
    const known = new Map<string, { place: number; weight: number; times: number }>()
    for (let place = 0; place < Math.min(length, history.item.length); place++) {
      const key = `${history.item[first + place]} ${history.behavior[first + place]}`
      const { weight = 0, times = 0 } = known.get(key) ?? {}
      known.set(key, { place, weight: weight + (weights[place] as number), times: times + 1 })
    }
    return [...known.values()]
      .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || b.place - a.place)
      .slice(0, top)
      .map(({ place, weight, times }) => {
        const item = history.item[first + place] as number
        const behavior = manifest.behaviors[history.behavior[first + place] as number] as string
        const [id, title] = [catalog.ids[item] as string, catalog.titles[item] as string]
        return { id, title, behavior, weight, times }
      })
  }
}
