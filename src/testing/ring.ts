/** @file A log with a rule anybody can see: after item i comes item i + 1; a few odd users for the edges. */
import type { Dataset } from '../dataset/schema.ts'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from './tiny-dataset.ts'

/**
 * Users walk the catalog in a ring, clicking; every second step is also a favorite a moment later, of the next item.
 */
export function ringDataset({ users = 48, items = 12, steps = 8, modalities = true } = {}): Dataset {
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    for (let step = 0; step < steps; step++) {
      const item = 1 + ((user + step) % items)
      events.push([user, item, step % 2 === 0 ? 'click' : 'favorite', 10 * step])
    }
  }
  const stream = randomStream(3, 'vectors')
  // The last item has no picture: every model must live with that.
  const vectors = (missing: number) =>
    Array.from({ length: items }, (_, at) => (at === missing ? null : Array.from({ length: 6 }, () => stream.normal())))
  return tinyDataset({
    events,
    candidates: 'all',
    ...(modalities && { features: { image: vectors(items - 1), text: vectors(0) } }),
  })
}
