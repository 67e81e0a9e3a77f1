/** @file Pools of seeded noise, drawn from as views: no random number is made during a step. */
import type { NoiseInput } from '../nn/noise.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'

/** Views of noise. */
export interface NoisePools {
  /**
   * `size` values starting at a place chosen by `key`: standard normals, standard Gumbel values, or keep masks of 0 and
   * 1 / (1 - rate).
   */
  draw(kind: NoiseInput['kind'], rate: number, size: number, key: number): Float32Array
}

/** Values in a pool beyond the largest draw: the number of places a draw may start at. */
const spread = 1 << 20

/** One value of each kind. */
const drawn: Readonly<Record<NoiseInput['kind'], (stream: RandomStream, rate: number) => number>> = {
  normal: (stream) => stream.normal(),
  // 1 - u is never 0, and a u of 0 is moved off it: both logarithms stay finite.
  gumbel: (stream) => -Math.log(-Math.log1p(-Math.max(stream.uniform(), 1e-12))),
  keep: (stream, rate) => (stream.uniform() < rate ? 0 : 1 / (1 - rate)),
}

/**
 * Pools that grow to the largest draw; their values depend on the seed and the kind alone, so a resumed run draws the
 * same.
 */
export function noisePools(seed: number): NoisePools {
  const pools = new Map<string, Float32Array>()
  const poolOf = (kind: NoiseInput['kind'], rate: number, size: number): Float32Array => {
    const name = `${kind} ${rate}`
    const known = pools.get(name)
    if (known && known.length >= size + spread) return known
    const stream = randomStream(seed, 'pool', name)
    const pool = new Float32Array(size + spread)
    // A pool made anew repeats the old one's beginning, since its stream starts over.
    for (let at = 0; at < pool.length; at++) pool[at] = drawn[kind](stream, rate)
    pools.set(name, pool)
    return pool
  }
  return {
    draw(kind, rate, size, key) {
      const start = (key >>> 0) % spread
      return poolOf(kind, rate, size).subarray(start, start + size)
    },
  }
}
