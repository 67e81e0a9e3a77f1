/** @file What was done to the items to predict: for models whose losses hang on it. */
import type { Tensor } from '../../tensor/node.ts'
import type { Extra } from '../kind.ts'
import type { Window } from '../windows.ts'

/** What {@link targetBehaviors} adds; training only. */
export interface TargetBehaviors {
  /** 1 + the behavior of each target, 0 for rows that only fill up: [P] int64. */
  readonly targetBehavior_P: Tensor
}

/** The behavior of each target. */
export function targetBehaviors(): Extra<TargetBehaviors, readonly Window[]> {
  return {
    recipe: { name: 'targetBehaviors' },
    declare: ({ targets }, input) => ({ targetBehavior_P: input('targetBehaviors', [targets], 'int64') }),
    fill(windows, { targets: room }, buffers) {
      const into = buffers['targetBehaviors'] as BigInt64Array | undefined
      if (!into || room === 0) return
      into.fill(0n)
      for (const [at, { behavior }] of windows.flatMap(({ targets }) => targets).entries())
        into[at] = BigInt(behavior + 1)
    },
  }
}
