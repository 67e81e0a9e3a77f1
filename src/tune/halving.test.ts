import { describe, expect, it } from 'vitest'
import { ranked, roundsOf } from './halving.ts'

describe('roundsOf', () => {
  it('trains a third three times as long, by hand', () => {
    expect(roundsOf(40, 45)).toEqual([
      { trials: 40, epochs: 5 },
      { trials: 14, epochs: 15 },
      { trials: 5, epochs: 45 },
    ])
  })

  it.each([
    [2, 50, [{ trials: 2, epochs: 50 }]],
    [9, 1, [{ trials: 9, epochs: 1 }]],
    [3, 2, [{ trials: 3, epochs: 2 }]],
    [
      4,
      3,
      [
        { trials: 4, epochs: 1 },
        { trials: 2, epochs: 3 },
      ],
    ],
  ])('has no more rounds than %d trials and %d epochs allow', (trials, epochs, rounds) => {
    expect(roundsOf(trials, epochs)).toEqual(rounds)
  })
})

describe('ranked', () => {
  const trials = [0.1, undefined, 0.3, 0.3].map((validation, trial) => ({ trial, validation }))

  it('has the best first, of equals the earlier, and none that failed', () => {
    expect(ranked(trials, (a, b) => a > b).map(({ trial }) => trial)).toEqual([2, 3, 0])
    expect(ranked(trials, (a, b) => a < b).map(({ trial }) => trial)).toEqual([0, 2, 3])
  })
})
