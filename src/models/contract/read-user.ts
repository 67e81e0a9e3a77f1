/** @file A user's vector from a batch, whether the model says more of it or not. */
import type { Tensor } from '../../tensor/node.ts'
import type { DotScore, Pass, UserReading } from './model.ts'

/** What a model makes of a batch. */
export function readUser(score: DotScore, batch: unknown, pass: Pass): UserReading {
  const reading: Tensor | UserReading = score.user(batch, pass)
  return 'user' in reading ? reading : { user: reading }
}
