/**
 * @file Popularity: every user gets the items most events chose.
 *   s_i = number of training events of item i          scores_BV, the same row for every history
 * Counts events of the target behavior, or of all; a tie is a tie, and evaluation counts it by the expected rank.
 */
import * as z from 'zod'
import type { StoredTensor } from '../../storage/safetensors.ts'
import { type FittedModel, fittedTensor } from '../contract/fitted-model.ts'
import { type Places, relaidRows } from '../contract/places.ts'
import type { Scorer } from '../contract/scorer.ts'

const config = z.strictObject({
  behaviors: z
    .enum(['target', 'all'])
    .default('target')
    .describe('which events are counted: those of the target behavior, or all'),
})

/** Ranks by how often an item was chosen in training. */
export const popularity: FittedModel<z.infer<typeof config>> = {
  slug: 'popularity',
  task: 'counting',
  title: 'popularity',
  config,

  fit({ events, manifest, catalog }, { trainEnd }, { behaviors }) {
    const target = manifest.behaviors.indexOf(manifest.target)
    const counts = new Float32Array(catalog.ids.length)
    for (let user = 1; user < trainEnd.length; user++) {
      for (let row = events.start[user] as number; row < (trainEnd[user] as number); row++) {
        if (behaviors === 'target' && events.behavior[row] !== target) continue
        const item = events.item[row] as number
        counts[item] = (counts[item] as number) + 1
      }
    }
    return { counts: { shape: [counts.length], data: counts } }
  },

  relaid: (tensors, items) => relaidCounts('popularity', tensors, items),

  load(tensors, { catalog }): Scorer {
    const counts = fittedTensor('popularity', tensors, 'counts', Float32Array, catalog.ids.length)
    const scores_V = counts.with(0, Number.NEGATIVE_INFINITY)
    return {
      slug: 'popularity',
      answersEmpty: true,
      itemCount: scores_V.length - 1,
      score(histories, into = new Float32Array(histories.length * scores_V.length)) {
        for (let row = 0; row < histories.length; row++) into.set(scores_V, row * scores_V.length)
        return Promise.resolve(into.subarray(0, histories.length * scores_V.length))
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}

/** Counts of items laid anew; nobody counted the new ones. */
export function relaidCounts(
  model: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  items: Places,
): Record<string, StoredTensor> {
  const counts = fittedTensor(model, tensors, 'counts', Float32Array, items.before + 1)
  const data = relaidRows(counts, items, { width: 1, fresh: 'zero' })
  return { counts: { shape: [data.length], data } }
}
