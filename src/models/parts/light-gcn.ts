/** @file LightGCN (He et al., SIGIR 2020): users and items are what they and their neighbors are in the mean. */
import { addAll, mul } from '../../tensor/elementwise.ts'
import type { Tensor } from '../../tensor/node.ts'

/** A vector for each user and each item. */
export interface UserItemVectors {
  /** [U + 1, D] */
  readonly users_UD: Tensor
  /** [V + 1, D] */
  readonly items_VD: Tensor
}

/** What users read along a graph, and what items read. */
export interface GraphReaders {
  /** [V + 1, D] -> [U + 1, D] */
  readonly ofItems: (items_VD: Tensor) => Tensor
  /** [U + 1, D] -> [V + 1, D] */
  readonly ofUsers: (users_UD: Tensor) => Tensor
}

/** The mean of some vectors and of what each of so many steps along a graph makes of them. */
export function lightGcn(first: UserItemVectors, { ofItems, ofUsers }: GraphReaders, layers: number): UserItemVectors {
  let last = first
  const all = [first]
  for (let layer = 0; layer < layers; layer++) {
    last = { users_UD: ofItems(last.items_VD), items_VD: ofUsers(last.users_UD) }
    all.push(last)
  }
  const mean = (of: (vectors: UserItemVectors) => Tensor): Tensor => mul(addAll(all.map(of)), 1 / all.length)
  return { users_UD: mean(({ users_UD }) => users_UD), items_VD: mean(({ items_VD }) => items_VD) }
}
