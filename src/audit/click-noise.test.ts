import { describe, expect, it } from 'vitest'
import type { History } from '../dataset/schema.ts'
import type { OpenRun } from '../runs/open-run.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { movedEvents } from './click-noise.ts'
import { clickSuspects } from './click-suspects.ts'

// User 1: a click before any favorite, a favorite, two clicks; user 2: one click.
const dataset = tinyDataset({
  events: [
    [1, 1, 'click', 1],
    [1, 2, 'favorite', 2],
    [1, 3, 'click', 3],
    [1, 1, 'click', 4],
    [2, 2, 'click', 1],
  ],
})
const run = (scorer: object) => ({ scorer, dataset, maxLength: 3 }) as unknown as OpenRun
/** Moves the last three events, which it reads, by their items; a click that no favorite came before it leaves. */
const denoises = {
  reasons: ({ item }: History) =>
    Promise.resolve({ moved: Float32Array.from(item.subarray(-3), (one) => (item.length > 1 ? one / 4 : 0)) }),
}

describe('how far denoising moved each event', () => {
  it('is told of the clicks that the model read and moved', async () => {
    expect([...((await movedEvents(run(denoises))) ?? [])]).toEqual([NaN, NaN, 0.75, 0.25, NaN])
  })

  it('is not told by a model that moves nothing', async () => {
    expect(await movedEvents(run({}))).toBeUndefined()
    expect(await movedEvents(run({ reasons: () => Promise.resolve({}) }))).toBeUndefined()
  })

  it('stands beside a suspect as the share that was moved less far, and changes no chance', async () => {
    const moved = await movedEvents(run(denoises))
    const [told, without] = [clickSuspects(dataset, 0, moved), clickSuspects(dataset, 0)]
    const farther = Object.fromEntries(told.suspects.map((suspect) => [suspect.row, suspect.moved]))
    expect(farther).toEqual({ 0: undefined, 2: 0.5, 3: 0, 4: undefined })
    expect(told.chances).toEqual(without.chances)
  })

  it('clears a click that the same user follows with a favorite of the item', () => {
    const followed = tinyDataset({
      events: [
        [1, 1, 'click', 1],
        [1, 2, 'click', 2],
        [1, 1, 'favorite', 3],
        [1, 3, 'favorite', 4],
        [1, 3, 'click', 4],
      ],
    })
    const { cleared, suspects } = clickSuspects(followed, 0)
    expect([cleared, suspects.map(({ row }) => row)]).toEqual([2, [1]])
  })
})
