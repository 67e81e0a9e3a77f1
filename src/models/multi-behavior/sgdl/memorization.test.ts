import { describe, expect, it } from 'vitest'
import { isClean, memorized, scaledLosses } from './memorization.ts'

/** Draws from a list, user by user. */
const drawerOf =
  (drawn: Readonly<Record<number, readonly number[]>>) =>
  (user: number): (() => number) => {
    let at = 0
    return () => drawn[user]?.[at++] as number
  }
// Users 1 and 2 with pairs of three items and of one.
const pairs = { user: Int32Array.of(1, 1, 1, 2), item: Int32Array.of(1, 2, 3, 4) }

describe('what is memorized', () => {
  it('is among the n best of n pairs and n drawn items, of which each counts once', () => {
    const scores: Readonly<Record<number, number>> = { 1: 0.9, 2: 0.5, 3: 0.1, 4: 0.2, 7: 0.7, 8: 0.6, 9: 0.3 }
    const score = (_: number, item: number): number => scores[item] as number
    // Of user 1: 1, 7, 8 | 2, 3 and of user 2: 9 | 4.
    expect([...memorized({ pairs, score, drawer: drawerOf({ 1: [7, 8, 7], 2: [9] }) })]).toEqual([1, 0, 0, 0])
    // Of user 1: 1, 7, 2 | 3; the same item three times is one.
    expect([...memorized({ pairs, score, drawer: drawerOf({ 1: [7, 7, 7], 2: [3] }) })]).toEqual([1, 1, 0, 1])
  })

  it('is clean once it was known in half of the last epochs', () => {
    const ring = { ringEpochs: 5 }
    expect([0b00011, 0b00111, 0b10101, 0b11000, 0].map((bits) => isClean(bits, ring))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
    expect([0b11, 0b1].map((bits) => isClean(bits, { ringEpochs: 4 }))).toEqual([true, false])
  })
})

describe('losses', () => {
  it('are from 0 to 1 within a user who has several, and as they are of one pair', () => {
    const scores: Readonly<Record<number, number>> = { 1: 2, 2: 1, 3: 0, 4: 0.5, 9: 0 }
    const score = (_: number, item: number): number => scores[item] as number
    const [first, second, third, alone] = scaledLosses({ pairs, score, drawer: () => () => 9 })
    expect([first, third]).toEqual([0, 1])
    expect(second).toBeCloseTo(
      (Math.log1p(Math.exp(-1)) - Math.log1p(Math.exp(-2))) / (Math.LN2 - Math.log1p(Math.exp(-2))),
      9,
    )
    expect(alone).toBeCloseTo(Math.log1p(Math.exp(-0.5)), 9)
  })

  it('stay numbers where an item is scored far above a pair', () => {
    const scores: Readonly<Record<number, number>> = { 1: -1000, 2: 0, 3: -500, 4: -800, 9: 0 }
    const score = (_: number, item: number): number => scores[item] as number
    const [first, second, third, alone] = scaledLosses({ pairs, score, drawer: () => () => 9 })
    expect([first, second, alone]).toEqual([1, 0, 800])
    expect(third).toBeCloseTo((500 - Math.LN2) / (1000 - Math.LN2), 9)
  })
})
