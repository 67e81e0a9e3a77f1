import { expect, it } from 'vitest'
import { constant } from '../../tensor/node.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { placesFromEnd } from './places-from-end.ts'

it('gives the last event of a history the last place, however long the batch is', async () => {
  const mask_BL = constant(Float32Array.of(1, 1, 1, 1, 1, 0, 0, 0), [2, 4])
  const places = await evaluateTensor(placesFromEnd({ mask_BL, length: 4 }, 6), {})
  expect([...places].map(Number)).toEqual([2, 3, 4, 5, 5, 5, 5, 5])
})
