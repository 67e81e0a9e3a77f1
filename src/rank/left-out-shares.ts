/**
 * @file Shares of behaviors, pictures and texts in the scores of items, measured by leaving each out: layers that mix
 * them make what their parts of a sum come to another thing than what the score falls without them.
 */
import type { FeatureModality, History, ItemIndex } from '../dataset/schema.ts'
import type { Explanation } from '../models/contract/scorer.ts'
import { effectShares } from './leave-one-out.ts'

/** What can be left out, and what scores. */
export interface LeavingOut {
  readonly behaviors: readonly string[]
  /** Whose vectors the model reads. */
  readonly modalities: readonly FeatureModality[]
  /** Scores of all items, the pad first; where no item has a vector of a modality, if one is named. */
  readonly score: (history: History, without?: FeatureModality) => Promise<Float32Array>
}

/**
 * The explanations with measured shares. An item's score counts less that of the average item, since a constant moves
 * no ranking. A behavior that the history does not have carries nothing. Pictures and texts divide what the model's own
 * share of the id leaves to them: the id cannot be left out.
 */
export async function leftOutShares(
  { behaviors, modalities, score }: LeavingOut,
  history: History,
  told: readonly Explanation[],
): Promise<Explanation[]> {
  const items = told.map(({ item }) => item)
  const whole = ahead(await score(history), items)
  /** How far each item falls. */
  const effectsOf = async (left: Promise<Float32Array>): Promise<Float64Array> => {
    const fallen = ahead(await left, items)
    return whole.map((value, at) => value - (fallen[at] as number))
  }
  const done = behaviors.filter((_, index) => history.behavior.includes(index))
  const withoutBehavior: Float64Array[] = []
  if (done.length > 1 && told.some((one) => one.behaviors))
    for (const name of done)
      withoutBehavior.push(await effectsOf(score(withoutEvents(history, behaviors.indexOf(name)))))
  const withoutModality: Float64Array[] = []
  if (modalities.length > 1 && told.some((one) => one.modalities))
    for (const name of modalities) withoutModality.push(await effectsOf(score(history, name)))
  return told.map((one, at) => {
    const ofDone = done.length > 1 ? effectShares(withoutBehavior.map((effects) => effects[at] as number)) : [1]
    const ofContent = effectShares(withoutModality.map((effects) => effects[at] as number))
    const content = modalities.reduce((sum, name) => sum + (one.modalities?.[name] ?? 0), 0)
    return {
      ...one,
      ...(one.behaviors &&
        done.length > 0 && {
          behaviors: Object.fromEntries(behaviors.map((name) => [name, ofDone[done.indexOf(name)] ?? 0])),
        }),
      ...(one.modalities &&
        ofContent.length > 0 && {
          modalities: {
            ...one.modalities,
            ...Object.fromEntries(modalities.map((name, index) => [name, content * (ofContent[index] as number)])),
          },
        }),
    }
  })
}

function ahead(scores: Float32Array, items: readonly ItemIndex[]): Float64Array {
  const own = scores.subarray(1)
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length
  return Float64Array.from(items, (item) => (scores[item] as number) - mean)
}

function withoutEvents({ user, item, behavior, time }: History, gone: number): History {
  const stays = (_: number, at: number): boolean => behavior[at] !== gone
  return { user, item: item.filter(stays), behavior: behavior.filter(stays), time: time.filter(stays) }
}
