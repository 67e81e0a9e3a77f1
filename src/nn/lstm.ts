/** @file Long short-term memory (Hochreiter & Schmidhuber, 1997) read both ways, unrolled over the steps. */
import { add, mul, sigmoid, sub, tanh } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat, reshape, split, stack, transpose } from '../tensor/move.ts'
import { constant, integers, parameter, type Tensor } from '../tensor/node.ts'
import { rows as rowsOf } from '../tensor/rows.ts'
import { dims } from '../tensor/shape.ts'
import { uniform } from './init.ts'
import { linear } from './linear.ts'

/** What both directions read; they may read different things. */
export interface BothWays {
  /** [B, L, in], read from the first step on. */
  readonly forward: Tensor
  /** [B, L, in], read from the last step on. */
  readonly backward: Tensor
  /** 0 where a step is passed over and its state is the one before: [B, L]. Every step counts without it. */
  readonly mask_BL?: Tensor
}

/** The states of both directions, [B, L, H] each, at the places of the steps. */
export type BiLstm = (inputs: BothWays) => { readonly forward: Tensor; readonly backward: Tensor }

const sides = ['forward', 'backward'] as const

/**
 * From states of zeros on, as PyTorch has it: i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b),
 * c' = f c + i g, h' = o tanh(c'). Parameters `NAME.{forward,backward}.input.{weight,bias}`, W [in, 4H] and b [4H], and
 * `NAME.{forward,backward}.hidden.weight`, U [H, 4H]; columns are in the order i, f, o, g. PyTorch's two biases are
 * one. Without a bias, steps of zeros leave a state of zeros as it is.
 */
export function biLstm(
  name: string,
  [from, width]: readonly [number, number],
  { bias = true }: { readonly bias?: boolean } = {},
): BiLstm {
  const init = uniform(1 / Math.sqrt(width))
  const toGates = sides.map((side) => linear(`${name}.${side}.input`, [from, 4 * width], { init, bias }))
  // Both directions go side by side: a step is one product for both.
  const weights = stack(
    sides.map((side) => parameter(`${name}.${side}.hidden.weight`, [width, 4 * width], init)),
    0,
  )
  return (read) => {
    const [rows, length] = dims(read.forward, 3)
    const last = integers(Array.from({ length }, (_, at) => length - 1 - at))
    const turned = (x: Tensor): Tensor => rowsOf(x, last, { inverse: last })
    const timed = (x: Tensor): Tensor => transpose(x, [1, 0, 2])
    const sideBySide = (forward: Tensor, backward: Tensor): readonly Tensor[] =>
      split(
        stack([forward, turned(backward)], 1),
        0,
        Array.from({ length }, () => 1),
      ).map((step) => reshape(step, [2, rows, -1]))
    const gates = sideBySide(...(sides.map((side, at) => toGates[at]?.(timed(read[side]))) as [Tensor, Tensor]))
    const mask_LB1 = read.mask_BL && timed(reshape(read.mask_BL, [rows, length, 1]))
    const masks = mask_LB1 && sideBySide(mask_LB1, mask_LB1)
    const zeros = constant(new Float32Array(2 * rows * width), [2, rows, width])
    let [state, memory]: [Tensor, Tensor] = [zeros, zeros]
    const states = gates.map((gate, at) => {
      const [open, candidate] = split(add(gate, matmul(state, weights)), 2, [3 * width, width]) as [Tensor, Tensor]
      const [input, forget, output] = split(sigmoid(open), 2, [width, width, width]) as [Tensor, Tensor, Tensor]
      const mask = masks?.[at]
      const kept = (before: Tensor, after: Tensor): Tensor =>
        mask ? add(before, mul(mask, sub(after, before))) : after
      const next = add(mul(forget, memory), mul(input, tanh(candidate)))
      state = kept(state, mul(output, tanh(next)))
      memory = kept(memory, next)
      return reshape(state, [1, 2, rows, width])
    })
    const [forward, backward] = split(concat(states, 0), 1, [1, 1]).map((side) =>
      reshape(side, [length, rows, width]),
    ) as [Tensor, Tensor]
    return { forward: timed(forward), backward: timed(turned(backward)) }
  }
}
