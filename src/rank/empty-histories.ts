/** @file Users without a history: hardly any model knows anything of them, so they are answered by popularity. */
import type { Dataset, History, Split } from '../dataset/schema.ts'
import { type ScoredItem, topItems } from '../dataset/top-items.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { popularity } from '../models/counting/popularity.ts'
import { bestKept } from './pass-sizes.ts'

/**
 * The same scorer, but for empty histories: an item's score is then how often it was a target in training. What a model
 * says of nobody hangs on its first values. A scorer with an answer of its own keeps it, for all or for users it knows.
 */
export function answeringEmpty<Kind extends Scorer>(scorer: Kind, dataset: Dataset, split: Split): Kind {
  if (scorer.answersEmpty) return scorer
  const isUnanswered = (history: History): boolean => leftToPopularity(scorer, history)
  const itemRows = scorer.itemCount + 1
  let counted: Float32Array | undefined
  const popular = (): Float32Array => {
    counted ??= popularScores(dataset, split)
    return counted
  }
  const explain = scorer.explain?.bind(scorer)
  const best = scorer.best?.bind(scorer)
  const answered: Pick<Scorer, 'score' | 'best' | 'explain'> = {
    async score(histories, into) {
      const known = histories.filter((history) => !isUnanswered(history))
      if (known.length === histories.length) return scorer.score(histories, into)
      const scores = into ?? new Float32Array(histories.length * itemRows)
      const ofKnown = known.length > 0 ? await scorer.score(known) : new Float32Array(0)
      let next = 0
      for (const [row, history] of histories.entries()) {
        const own = isUnanswered(history) ? popular() : ofKnown.subarray(next * itemRows, ++next * itemRows)
        scores.set(own, row * itemRows)
      }
      return scores.subarray(0, histories.length * itemRows)
    },
    ...(best && {
      async best(histories, count = bestKept) {
        const known = histories.filter((history) => !isUnanswered(history))
        const ofKnown = known.length > 0 ? await best(known, count) : []
        let next = 0
        return histories.map((history) =>
          isUnanswered(history) ? topItems(popular(), count) : (ofKnown[next++] as readonly ScoredItem[]),
        )
      },
    }),
    ...(explain && {
      explain: (history, items) =>
        isUnanswered(history) ? Promise.resolve(items.map((item) => ({ item }))) : explain(history, items),
    }),
  }
  return Object.assign({}, scorer, answered)
}

/** Whether popularity speaks for somebody: without a history, and no user whom the model has something to say of. */
export const leftToPopularity = (
  { answersUsers = false }: Pick<Scorer, 'answersUsers'>,
  { user, item }: Pick<History, 'user' | 'item'>,
): boolean => item.length === 0 && !(answersUsers && user > 0)

/** How often each item was a target in training, [items + 1]; the pad has -Infinity. */
export function popularScores(dataset: Dataset, split: Split): Float32Array {
  const { counts } = popularity.fit(dataset, split, popularity.config.parse({}))
  return (counts as { data: Float32Array }).data.with(0, Number.NEGATIVE_INFINITY)
}
