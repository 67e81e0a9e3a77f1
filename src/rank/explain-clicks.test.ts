import { expect, it } from 'vitest'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import type { ClickPredictor } from './click-predictor.ts'
import { explainClicks } from './explain-clicks.ts'

const dataset = tinyDataset({
  events: [
    [1, 1, 'click', 1],
    [1, 2, 'click', 2],
    [1, 1, 'click', 3],
    [1, 1, 'favorite', 4],
  ],
})
const predictor = {
  gates: [],
  candidates: () =>
    Promise.resolve({
      probability: Float32Array.of(0.5),
      length: 4,
      reasons: { attention: Float32Array.of(0.25, 0.375, 0.5, 0.125) },
    }),
} as unknown as ClickPredictor

it('names the events of one item and behavior once, with their weights added', async () => {
  const [told] = await explainClicks({ dataset, predictor }, 'u1', ['i2'])
  expect(told?.attention).toEqual([
    { id: 'i1', title: 'Item 1', behavior: 'click', weight: 0.75, times: 2 },
    { id: 'i2', title: 'Item 2', behavior: 'click', weight: 0.375, times: 1 },
    { id: 'i1', title: 'Item 1', behavior: 'favorite', weight: 0.125, times: 1 },
  ])
})
