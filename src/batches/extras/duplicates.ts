/** @file Which other targets of a batch are the same item: a contrast within the batch must not push those away. */
import { equalPairs } from '../../tensor/compare.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Extra } from '../kind.ts'
import type { Sequences } from '../sequences.ts'
import type { Window } from '../windows.ts'

/** What {@link duplicates} adds. */
export interface Duplicates {
  /** 1 where two targets are the same item, a target and itself among them: [P, P]. */
  readonly same_PP: Tensor
}

/** Compares the targets of a batch with each other; the graph does it, the host fills nothing. */
export function duplicates(): Extra<Duplicates, readonly Window[], Pick<Sequences, 'target_P'>> {
  return {
    recipe: { name: 'duplicates' },
    declare: (_, __, { target_P }) => ({ same_PP: equalPairs(target_P) }),
  }
}
