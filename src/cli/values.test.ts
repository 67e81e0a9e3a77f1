import { describe, expect, it } from 'vitest'
import { minutes, trainingSeeds } from './values.ts'

describe('minutes', () => {
  it('are any number above 0', () => {
    expect([minutes('--checkpoint-minutes', '10'), minutes('--checkpoint-minutes', '0.5')]).toEqual([10, 0.5])
    for (const text of ['0', '-1', '', 'ten', 'Infinity'])
      expect(() => minutes('--checkpoint-minutes', text)).toThrow(
        `--checkpoint-minutes: invalid: "${text}", expected minutes, above 0`,
      )
  })
})

it('seeds are whole numbers, each once', () => {
  expect(trainingSeeds('3, 0,12')).toEqual([3, 0, 12])
  expect(() => trainingSeeds('1,2,1')).toThrow('--seeds: duplicate: 1, expected each seed once')
  expect(() => trainingSeeds('1,x')).toThrow('--seeds: invalid: "x", expected a whole number from 0')
})
