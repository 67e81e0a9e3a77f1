/**
 * @file Last item: what the user touched last comes first, then what was touched before it; all else by popularity.
 * No paper: it is the bound that every table is read against.
 *   s_i = T - (items touched after i's last event)     where i is one of the history's T distinct items
 *   s_i = n_i / (1 + the largest n)                    where it is not, n_i its training events       scores_BV
 * A table that this model leads asks what was touched just before, which needs no model.
 */
import * as z from 'zod'
import { type FittedModel, fittedTensor } from '../contract/fitted-model.ts'
import type { Scorer } from '../contract/scorer.ts'
import { popularity, relaidCounts } from './popularity.ts'

const config = z.strictObject({
  behaviors: z
    .enum(['target', 'all'])
    .default('target')
    .describe('which events count for the popularity of untouched items: those of the target behavior, or all'),
})

/** Ranks the items of the history by when they were last touched, and the others by popularity. */
export const lastItem: FittedModel<z.infer<typeof config>> = {
  slug: 'last-item',
  task: 'counting',
  title: 'last item',
  config,

  fit(dataset, split, config) {
    return popularity.fit(dataset, split, config)
  },

  relaid: (tensors, items) => relaidCounts('last-item', tensors, items),

  load(tensors, { catalog }): Scorer {
    const counts = fittedTensor('last-item', tensors, 'counts', Float32Array, catalog.ids.length)
    const above = 1 + counts.reduce((most, count) => Math.max(most, count), 0)
    const untouched_V = counts.map((count) => count / above).with(0, Number.NEGATIVE_INFINITY)
    const width = untouched_V.length
    return {
      slug: 'last-item',
      itemCount: width - 1,
      score(histories, into = new Float32Array(histories.length * width)) {
        for (const [row, { item }] of histories.entries()) {
          const scores_V = into.subarray(row * width, (row + 1) * width)
          scores_V.set(untouched_V)
          let place = new Set(item).size
          for (let at = item.length - 1; at >= 0; at--) {
            const touched = item[at] as number
            if ((scores_V[touched] as number) < 1) scores_V[touched] = place--
          }
        }
        return Promise.resolve(into.subarray(0, histories.length * width))
      },
      explain: (history, items) =>
        Promise.resolve(
          items.map((item) => {
            const at = history.item.lastIndexOf(item)
            if (at < 0) return { item }
            return { item, because: [{ item, behavior: history.behavior[at] as number, share: 1 }] }
          }),
        ),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}
