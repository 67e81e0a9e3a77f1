/** @file A contrast among the targets of a batch, of memory that grows with their number and not with its square. */
import type { Sequences } from '../../batches/sequences.ts'
import { equalPairs } from '../../tensor/compare.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { integers, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { infoNce } from './info-nce.ts'

/** Rows that are compared with each other at most. */
const mostRows = 1024

/**
 * {@link infoNce} of each target's two vectors [P, D], weighted as the targets are; targets of one item are not each
 * other's negatives. A scalar. Of more than `rows` targets every few are a group of its own, so that each group has
 * targets of all windows.
 */
export function targetContrast(
  anchor_PD: Tensor,
  positive_PD: Tensor,
  { target_P, weight_P }: Pick<Sequences, 'target_P' | 'weight_P'>,
  { temperature, rows = mostRows }: { readonly temperature: number; readonly rows?: number },
): Tensor {
  const [targets] = dims(target_P, 1)
  const groups = Math.ceil(targets / rows)
  const losses = Array.from({ length: groups }, (_, group) => {
    const size = Math.ceil((targets - group) / groups)
    const members = integers(Array.from({ length: size }, (_, at) => group + at * groups))
    const of = (x: Tensor): Tensor => (groups === 1 ? x : x.rows(members))
    const item_R = of(target_P)
    const options = { temperature, same: equalPairs(item_R), weights: of(weight_P) }
    return infoNce(of(anchor_PD), of(positive_PD), options)
  })
  return addAll(losses)
}
