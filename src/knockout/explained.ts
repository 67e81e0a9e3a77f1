/** @file What runs recommend and why, in one shape for models that rank and models of clicks. */
import { excludedItems } from '../dataset/candidates.ts'
import type { History, ItemIndex } from '../dataset/schema.ts'
import { topItems } from '../dataset/top-items.ts'
import type { Explanation } from '../models/contract/scorer.ts'
import type { RandomStream } from '../random/stream.ts'
import { modalityEffects, reasonsOfClicks, usuallyTried } from '../rank/explain-clicks.ts'
import { logOdds } from '../rank/leave-one-out.ts'
import type { OpenRun } from '../runs/open-run.ts'

/** A recommended item, and what the model names as its reasons. */
export type Reasoned = Pick<Explanation, 'item' | 'modalities' | 'behaviors' | 'because'>

/** A run that says what it recommends and why. */
export interface Explained {
  /** The best items for a history with their reasons. */
  recommended(history: History): Promise<readonly Reasoned[]>
  /**
   * How far each item is ahead for a history: its score less that of the average item, since a constant moves no
   * ranking; for clicks the logarithm of the odds.
   */
  ahead(history: History, items: readonly ItemIndex[]): Promise<readonly number[]>
}

/** How many items are recommended for one history. */
const listLength = 10
/** How many items a model of clicks puts in order for one history. */
const candidateCount = 200

/** A run that ranks the catalog; it has no reasons where its model has none. */
export function explainedRanking({ scorer, dataset }: OpenRun): Explained {
  return {
    async recommended(history) {
      const scores = await scorer.score([history])
      const items = topItems(scores, listLength, excludedItems(dataset, history)).map(({ item }) => item)
      return (await scorer.explain?.(history, items)) ?? []
    },
    async ahead(history, items) {
      const scores = (await scorer.score([history])).subarray(1)
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
      return items.map((item) => (scores[item - 1] as number) - mean)
    },
  }
}

/** A run that predicts clicks: the candidates are drawn, and the most probable ones are recommended. */
export function explainedClicks({ predictor, dataset }: OpenRun, random: RandomStream): Explained {
  const all = dataset.catalog.ids.length - 1
  return {
    async recommended(history) {
      const drawn = new Set(Array.from({ length: candidateCount }, () => 1 + random.integer(all)))
      const candidates = [...drawn]
      const prediction = await predictor.candidates(history, candidates)
      const best = candidates
        .map((item, at) => ({ item, probability: prediction.probability[at] as number }))
        .sort((a, b) => b.probability - a.probability || a.item - b.item)
        .slice(0, listLength)
        .map(({ item }) => item)
      const { probability, reasons } = await reasonsOfClicks(predictor, history, best, usuallyTried)
      const effects = await modalityEffects(predictor, history, best, probability)
      return best.map((item, at) => {
        const { events = [] } = reasons[at] ?? {}
        const modalities = effects.map(([name, values]) => [name, values[at]])
        return {
          item,
          ...(modalities.length > 0 && { modalities: Object.fromEntries(modalities) as Record<string, number> }),
          because: events.map(({ item: event, behavior, effect }) => ({ item: event, behavior, share: effect })),
        }
      })
    },
    ahead: async (history, items) => Array.from(logOdds((await predictor.candidates(history, items)).probability)),
  }
}
