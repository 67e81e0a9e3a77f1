/**
 * @file Interest routing (eq. 21-22) and the user's vector (eq. 23): which slots carry a score, by how much. In the
 * joint reading gates begin nearly three quarters open, and the user is the mean of the slots (R-M12, R-M13).
 */
import { xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { add, addAll, mul, sigmoid } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, transpose } from '../../tensor/move.ts'
import { type Initializer, parameter, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { dims } from '../../tensor/shape.ts'
import type { Interests } from './experts.ts'

/** What each target's interests become. */
export interface Routed {
  /** [P, D] */
  readonly user_PD: Tensor
  /**
   * `parts` [P, S, D]: the part of the user's vector that comes from each slot; with the bias they add up to it.
   * `gates` [P, S]: the mean share of the common interest in each slot, where there is one.
   */
  readonly reasons: Readonly<Record<string, Tensor>>
}

/** How slots become a user's vector. */
export type Routing = (interests: Interests) => Routed

/** The sizes of the routing: S slots of width D. */
export interface RoutingConfig {
  readonly width: number
  readonly slots: number
  /** How slots become a user: their mean, or by a learned W. */
  readonly reading: 'joint' | 'paper'
}

/** Added to what opens a gate, before its sigmoid. */
const openness = { joint: 1, paper: 0 } as const

/**
 * A matrix near the one that takes the mean of the slots. From the first step a history then scores items like its last
 * ones high, as in SASRec, and items learn from each other.
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

/** The slots of each target [P, S D] -> their mean. */
function averaging({ slots, width }: RoutingConfig): (slots_PW: Tensor) => Routed {
  return (slots_PW) => {
    const parts = mul(reshape(slots_PW, [-1, slots, width]), 1 / slots)
    return { user_PD: sum(parts, [1]), reasons: { parts } }
  }
}

/** The slots of each target [P, S D] -> W y + b (eq. 23); parameters `user.*`. Their mean in the joint reading. */
function joining(config: RoutingConfig): (slots_PW: Tensor) => Routed {
  const { width, slots, reading } = config
  if (reading === 'joint') return averaging(config)
  const weight = parameter('user.weight', [slots * width, width], nearMean(slots * width, width))
  const bias = parameter('user.bias', [width], zeros)
  return (slots_PW) => {
    const user_PD = add(matmul(slots_PW, weight), bias)
    const parts_SPD = matmul(slotsFirst(slots_PW, slots), reshape(weight, [slots, width, width]))
    return { user_PD, reasons: { parts: transpose(parts_SPD, [1, 0, 2]) } }
  }
}

/** [P, S D] -> [S, P, D] */
const slotsFirst = (slots_PW: Tensor, slots: number): Tensor =>
  transpose(reshape(slots_PW, [dims(slots_PW, 2)[0], slots, -1]), [1, 0, 2])

/** Eq. 21-22: a gate mixes the common interest into each slot; parameters `gate.*` and `user.*`. */
export function gatedRouting(config: RoutingConfig): Routing {
  const { width, slots } = config
  const gate = linear('gate', [(slots + 1) * width, slots * width])
  const begin = openness[config.reading]
  const join = joining(config)
  return ({ specific, common: [common] }) => {
    const [own_PW, common_PD] = [concat(specific, 1), common as Tensor]
    const opened_PW = gate(concat([common_PD, own_PW], 1))
    const gates_PW = sigmoid(begin === 0 ? opened_PW : add(opened_PW, begin))
    const common_PW = concat(
      Array.from({ length: slots }, () => common_PD),
      1,
    )
    // g * common + (1 - g) * own = own + g * (common - own)
    const { user_PD, reasons } = join(own_PW.add(gates_PW.mul(common_PW.sub(own_PW))))
    const gates = gates_PW.reshape([-1, slots, width]).mean(2)
    return { user_PD, reasons: { ...reasons, gates } }
  }
}

/** Replaces the routing where there is no common interest: slots stay as they are; parameters `user.*`. */
export function ungatedRouting(config: RoutingConfig): Routing {
  const join = joining(config)
  return ({ specific }) => join(concat(specific, 1))
}

/** Replaces the routing where there are no experts: the mean of the slots; in the paper's reading then W, `user.*`. */
export function meanRouting(config: RoutingConfig): Routing {
  const { width, slots, reading } = config
  if (reading === 'joint') return ungatedRouting(config)
  const weight = parameter('user.weight', [width, width], nearMean(width, width))
  const bias = parameter('user.bias', [width], zeros)
  return ({ specific }) => {
    const user_PD = add(matmul(mul(addAll(specific), 1 / slots), weight), bias)
    const parts_SPD = mul(matmul(slotsFirst(concat(specific, 1), slots), weight), 1 / slots)
    return { user_PD, reasons: { parts: transpose(parts_SPD, [1, 0, 2]) } }
  }
}
