import { expect, it } from 'vitest'
import { lengthFor, servedLengths } from './lengths.ts'

it('pads served histories to few lengths, the last of which is the longest', () => {
  expect([1, 16, 17, 50, 64, 200].map((longest) => servedLengths(longest))).toEqual([
    [1],
    [16],
    [16, 17],
    [16, 50],
    [16, 64],
    [16, 64, 200],
  ])
  expect([0, 16, 17, 50].map((events) => lengthFor(events, servedLengths(50)))).toEqual([16, 16, 50, 50])
})
