import { expect, it } from 'vitest'
import type { RatedHistory } from '../batches/impressions.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import type { ClickPredictor } from './click-predictor.ts'
import { explainClicks, reasonsOfClicks } from './explain-clicks.ts'

const dataset = tinyDataset({
  events: [
    [1, 1, 'click', 1],
    [1, 2, 'click', 2],
    [1, 1, 'click', 3],
    [1, 1, 'favorite', 4],
  ],
})
/** The odds of a click are e for each click of item 1 that is read, and 1 / e for each other event. */
const chance = (item: ArrayLike<number>, behavior: ArrayLike<number>): number =>
  1 / (1 + Math.exp(-Array.from(item).reduce((sum, one, at) => sum + (one === 1 && behavior[at] === 0 ? 1 : -1), 0)))
const predictor = {
  gates: ['image'],
  reads: (modality: string) => modality === 'image',
  without: () => ({
    candidates: () => Promise.resolve({ probability: Float32Array.of(0.5), length: 4, reasons: {} }),
  }),
  candidates: ({ item, behavior }: RatedHistory) =>
    Promise.resolve({
      probability: Float32Array.of(chance(item, behavior)),
      length: 4,
      reasons: { attention: Float32Array.of(0.25, 0.375, 0.5, 0.875), gates: Float32Array.of(0.75) },
    }),
} as unknown as ClickPredictor
const near = (value: number): number => expect.closeTo(value, 4) as number

it('names the events of one item and behavior once, by how far the log odds fall without them', async () => {
  const [told] = await explainClicks({ dataset, predictor }, 'u1', ['i2'])
  expect(told?.attention).toEqual([
    { id: 'i1', title: 'Item 1', behavior: 'click', effect: near(2), weight: 0.75, times: 2 },
    { id: 'i1', title: 'Item 1', behavior: 'favorite', effect: near(-1), weight: 0.875, times: 1 },
    { id: 'i2', title: 'Item 2', behavior: 'click', effect: near(-1), weight: 0.375, times: 1 },
  ])
  // The history itself comes to log odds of 0, and so does the model without pictures.
  expect(told?.modalities).toEqual({ image: near(0) })
  expect(told?.gates).toEqual({ image: 0.75 })
})

it('refuses a number of events that is none', async () => {
  await expect(explainClicks({ dataset, predictor }, 'u1', ['i2'], { top: 0 })).rejects.toThrow('top: invalid: 0')
})

it('leaves out those that are attended to most where not all can be', async () => {
  const history = { user: 1, item: [1, 2, 1, 1], behavior: [0, 0, 0, 1] }
  const { reasons } = await reasonsOfClicks(predictor, history, [2], 1)
  expect(reasons[0]?.events).toEqual([{ item: 1, behavior: 1, effect: near(-1), weight: 0.875, times: 1 }])
})
