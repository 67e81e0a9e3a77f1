import { describe, expect, it } from 'vitest'
import { stopping } from './stopping.ts'

interface Case {
  readonly what: string
  readonly history: readonly number[]
  readonly epochs?: number
  readonly patience?: number
  readonly better?: 'higher' | 'lower'
  readonly best: number | null
  readonly isBest: boolean
  readonly finished: boolean
}

const cases: readonly Case[] = [
  { what: 'nothing was trained yet', history: [], best: null, isBest: false, finished: false },
  { what: 'the first epoch is the best so far', history: [0.2], best: 1, isBest: true, finished: false },
  { what: 'a first value of 0 is the best too', history: [0], best: 1, isBest: true, finished: false },
  { what: 'a higher value is the new best', history: [0.2, 0.3], best: 2, isBest: true, finished: false },
  { what: 'a lower value is not', history: [0.3, 0.2], best: 1, isBest: false, finished: false },
  {
    what: 'an equal value is not: the earlier epoch stays',
    history: [0.3, 0.3],
    best: 1,
    isBest: false,
    finished: false,
  },
  { what: 'one epoch short of patience', history: [0.3, 0.2, 0.1], best: 1, isBest: false, finished: false },
  { what: 'patience is over', history: [0.3, 0.2, 0.1, 0.1], best: 1, isBest: false, finished: true },
  { what: 'equal values use patience up', history: [0.3, 0.3, 0.3, 0.3], best: 1, isBest: false, finished: true },
  {
    what: 'patience begins anew with each best',
    history: [0.1, 0, 0, 0.2, 0, 0],
    best: 4,
    isBest: false,
    finished: false,
  },
  { what: 'a best just in time goes on', history: [0.1, 0, 0, 0.2], best: 4, isBest: true, finished: false },
  { what: 'one epoch before the last', history: [0.1, 0.2, 0.3], epochs: 4, best: 3, isBest: true, finished: false },
  {
    what: 'the last epoch ends it, though it is the best',
    history: [0.1, 0.2],
    epochs: 2,
    best: 2,
    isBest: true,
    finished: true,
  },
  {
    what: 'the last epoch ends it before patience does',
    history: [0.2, 0.1],
    epochs: 2,
    best: 1,
    isBest: false,
    finished: true,
  },
  {
    what: 'more epochs than are allowed now',
    history: [0.1, 0.2, 0.3],
    epochs: 2,
    best: 3,
    isBest: true,
    finished: true,
  },
  {
    what: 'a patience of 1 ends with the first epoch that is not better',
    history: [0.2, 0.2],
    patience: 1,
    best: 1,
    isBest: false,
    finished: true,
  },
  {
    what: 'a patience of 1 goes on while it rises',
    history: [0.1, 0.2, 0.3],
    patience: 1,
    best: 3,
    isBest: true,
    finished: false,
  },
  {
    what: 'a lower value is the new best where the lower are better',
    history: [0.7, 0.6, 0.6],
    better: 'lower',
    best: 2,
    isBest: false,
    finished: false,
  },
  {
    what: 'a value that rises uses patience up where the lower are better',
    history: [0.6, 0.7, 0.8, 0.9],
    better: 'lower',
    best: 1,
    isBest: false,
    finished: true,
  },
  {
    what: 'nothing beats a value that is not a number',
    history: [Number.NaN, 0.5],
    best: 1,
    isBest: false,
    finished: false,
  },
  {
    what: 'a value that is not a number beats nothing',
    history: [0.5, Number.NaN],
    best: 1,
    isBest: false,
    finished: false,
  },
]

describe('early stopping', () => {
  it.each(cases)('$what', ({ history, epochs = 100, patience = 3, better = 'higher', best, isBest, finished }) => {
    const found = stopping(history, { epochs, patience }, better)
    expect(found).toEqual({
      best: best === null ? null : { epoch: best, value: history[best - 1] },
      isBest,
      finished,
    })
  })
})
