/** @file Interest routing (eq. 21-22) and the user vector (eq. 23): which slots carry a score, by how much. */
import { xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { add, addAll, mul, sigmoid, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, transpose } from '../../tensor/move.ts'
import { constant, type Initializer, parameter, type Tensor } from '../../tensor/node.ts'
import { mean } from '../../tensor/reduce.ts'

/** What each target's vectors become. */
export interface Routed {
  /** [M, D], with a last column of ones for the item's bias where the head is free. */
  readonly user: Tensor
  /** [M, S, D]: the part of the user vector that comes from each slot; with the bias they add up to it. */
  readonly parts: Tensor
  /** [M, S]: mean share of the common interest in each slot. */
  readonly gates: Tensor | undefined
}

/** How the slots are joined: side by side after routing, or their mean (without experts). */
export interface RoutingConfig {
  readonly width: number
  readonly slots: number
  readonly shared: boolean
  readonly average: boolean
  readonly head: 'tied' | 'free'
}

/**
 * A matrix that joins slots as their mean, but for a little: from the first step a history scores what is like its last items, as
 * SASRec's does, and items learn from each other rather than each by heart.
 */
function nearMean(from: number, width: number): Initializer {
  const little = xavier(from, width, 0.1)
  return (values, random) => {
    little(values, random)
    for (let row = 0; row < from; row++) {
      const at = row * width + (row % width)
      values[at] = (values[at] as number) + width / from
    }
  }
}

/** The routing; parameters `gate.*` and `user.*`. */
export function routing({
  width,
  slots,
  shared,
  average,
  head,
}: RoutingConfig): (specific: readonly Tensor[], common: Tensor | undefined) => Routed {
  const gate = linear('gate', [(slots + 1) * width, slots * width])
  const from = average ? width : slots * width
  const weight = parameter('user.weight', [from, width], nearMean(from, width))
  const bias = parameter('user.bias', [width], zeros)
  /** slot_k = g_k * h_common + (1 - g_k) * h_k = h_k + g_k * (h_common - h_k), with h [M, S * D]. */
  const route = (joined: Tensor, common: Tensor): { mixed: Tensor; gates: Tensor } => {
    const gates = sigmoid(gate(concat([common, joined], 1)))
    const away = sub(
      concat(
        Array.from({ length: slots }, () => common),
        1,
      ),
      joined,
    )
    return { mixed: add(joined, mul(gates, away)), gates }
  }
  return (specific, common) => {
    const rows = (specific[0] as Tensor).shape[0] as number
    const joined = concat(specific, 1)
    const routed = shared && common ? route(joined, common) : undefined
    const mixed = routed?.mixed ?? joined
    const projected = average ? matmul(mul(addAll(specific), 1 / slots), weight) : matmul(mixed, weight)
    const user = add(projected, bias)
    const perSlot = transpose(reshape(mixed, [rows, slots, width]), [1, 0, 2])
    const parts = average
      ? mul(matmul(perSlot, weight), 1 / slots)
      : matmul(perSlot, reshape(weight, [slots, width, width]))
    return {
      user: head === 'free' ? concat([user, constant(new Float32Array(rows).fill(1), [rows, 1])], 1) : user,
      parts: transpose(parts, [1, 0, 2]),
      gates: routed && mean(reshape(routed.gates, [rows, slots, width]), [2]),
    }
  }
}
