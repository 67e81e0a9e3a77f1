/** @file What `npm run faults` finds. */
import type { FlipCount } from './flips.ts'
import type { DiskCount } from './full-disk.ts'
import type { KillCount } from './kills.ts'
import type { PairCount } from './pairs.ts'

/** Everything of one call. */
export interface FaultCount {
  readonly seed: number
  readonly flips: readonly FlipCount[]
  readonly kills: Readonly<Record<string, KillCount>>
  readonly pairs: Readonly<Record<string, PairCount>>
  /** Null where no disk may be mounted. */
  readonly disks: DiskCount | null
}
