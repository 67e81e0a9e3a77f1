/** @file Pools of noise that tests share: making one takes longer than most trainings of tests. */
import { type NoisePools, noisePools } from '../learn/noise-pools.ts'

const kept = new Map<number, NoisePools>()

/** The pools of a seed. */
export function keptPools(seed: number): NoisePools {
  const pools = kept.get(seed) ?? noisePools(seed)
  kept.set(seed, pools)
  return pools
}
