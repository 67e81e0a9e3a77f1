/** @file Whom training knows: for models with a row for each user, who must say something of everybody else. */
import { input, type Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import type { Memory, MemoryArray, Stage } from '../contract/model.ts'

/** Users with training events, kept with the parameters. */
export interface TrainedUsers {
  /** `user.trained`: 1 for users with training events. */
  readonly memory: Memory
  /** Users [B] -> [B, 1]. */
  readonly isTrained: (user_B: Tensor) => Tensor
  /** Fills the memory before a model's first stage. */
  readonly before: NonNullable<Stage['before']>
}

/** @param behaviors which events count: those of the target behavior, or all */
export function trainedUsers({ userCount }: CatalogShape, behaviors: 'all' | 'target' = 'all'): TrainedUsers {
  const name = 'user.trained'
  const known = input(name, [userCount + 1, 1])
  return {
    memory: { [name]: { shape: known.shape, rows: 'users', fresh: 'zero', data: new Float32Array(userCount + 1) } },
    isTrained: (user_B) => known.rows(user_B).greater(0),
    before({ data: { dataset, split }, memory }) {
      const { events, manifest } = dataset
      const counts = (behavior: number): boolean =>
        behaviors === 'all' || manifest.behaviors[behavior] === manifest.target
      for (const [user, end] of (split?.trainEnd ?? []).entries())
        if (user > 0 && events.behavior.subarray(events.start[user], end).some(counts))
          (memory[name] as MemoryArray).data[user] = 1
    },
  }
}
