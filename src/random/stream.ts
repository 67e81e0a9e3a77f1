/** @file Seeded random streams: the only source of randomness, so that a run can be repeated to the byte. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A stream of random numbers that its seed and keys determine fully. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Uniform integer in [0, below). */
  integer(below: number): number
  /** Standard normal. */
  normal(): number
  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: number | string }>(values: T): T
}

/**
 * Hashes a seed and keys (numbers or names) to 32 bits, so that neighboring keys give unrelated streams (murmur3's
 * finalizer).
 */
export function mixSeed(seed: number, ...keys: readonly (number | string)[]): number {
  let state = seed | 0
  const fold = (value: number): void => {
    state = Math.imul(state ^ value, 0x85ebca6b)
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
    state ^= state >>> 16
  }
  fold(Math.floor(seed / 0x1_0000_0000))
  for (const key of keys) {
    if (typeof key === 'number') fold(key | 0)
    else for (const character of key) fold((character.codePointAt(0) ?? 0) + 0x9e3779b9)
  }
  return state
}

/**
 * The stream of a seed and keys, e.g. `randomStream(seed, 'dropout', step)`. The stream of step 900 does not depend on
 * step 899.
 */
export function randomStream(seed: number, ...keys: readonly (number | string)[]): RandomStream {
  const generator = xoroshiro128plus(mixSeed(seed, ...keys))
  let spare = Number.NaN
  const uniform = (): number => uniformFloat64(generator)
  const integer = (below: number): number => uniformInt(generator, 0, below - 1)
  return {
    uniform,
    integer,
    normal() {
      if (!Number.isNaN(spare)) {
        const value = spare
        spare = Number.NaN
        return value
      }
      // Box-Muller makes two numbers at a time; 1 - u keeps the logarithm finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
      const angle = 2 * Math.PI * uniform()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    shuffle(values) {
      for (let last = values.length - 1; last > 0; last--) {
        const other = integer(last + 1)
        const kept = values[last] as number
        values[last] = values[other] as number
        values[other] = kept
      }
      return values
    },
  }
}
