/**
 * @file Attention to the last events of a history beside what a search found in all of it: the short-term half of ETA
 * and TWIN.
 */
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { type FoldedInputs, foldedAttention, lastEvents } from './folded-attention.ts'

/** What the long half found, joined by what the last events say. */
export interface RecentAttention {
  /** Width of both. */
  readonly width: number
  /** found [H, Q, D], the mask [H, L] -> [B, width] */
  join(found: Tensor, inputs: FoldedInputs, mask: Tensor): Tensor
}

/** An attention with parameters `NAME.*` to the last `recentItems` events; 0 leaves the long half alone. */
export function recentAttention(
  name: string,
  { width, heads, recentItems }: { readonly width: number; readonly heads: number; readonly recentItems: number },
): RecentAttention {
  const flat = (output: Tensor): Tensor => output.reshape([-1, width])
  if (recentItems === 0) return { width, join: flat }
  const short = foldedAttention(name, { width, heads })
  return {
    width: 2 * width,
    join(found, inputs, mask) {
      const { output } = short.attend({ ...inputs, keep: lastEvents(mask, recentItems).unsqueeze(1) })
      return concat([flat(found), flat(output)], 1)
    },
  }
}
