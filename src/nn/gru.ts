/** @file Layers of gated recurrent units (Cho et al., 2014), unrolled over the steps. */
import { add, mul, sigmoid, sub, tanh } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat, pad, reshape, split, transpose } from '../tensor/move.ts'
import { constant, parameter, type Tensor } from '../tensor/node.ts'
import { dims } from '../tensor/shape.ts'
import { uniform, zeros } from './init.ts'
import { linear } from './linear.ts'

/**
 * x [B, L, in] -> hidden states [B, L, H], from zeros on, as PyTorch has it:
 *   r = sigmoid(x W_r + h U_r + b_r), z = sigmoid(x W_z + h U_z + b_z),
 *   n = tanh(x W_n + b_n + r * (h U_n + c)), h' = (1 - z) * n + z * h.
 * Parameters `NAME.input.{weight,bias}`, W [in, 3H] and b [3H], and `NAME.hidden.{weight,bias}`, U [H, 3H] and c [H];
 * columns are in the order r, z, n.
 * @param gatesFrom width of what r and z alone read beside x, p [B, L, gatesFrom]; parameter `NAME.gates.weight`
 * [gatesFrom, 2H]; 0 by default, and then there is none
 */
export function gru(
  name: string,
  [from, width]: readonly [number, number],
  { gatesFrom = 0 }: { readonly gatesFrom?: number } = {},
): (x: Tensor, p?: Tensor) => Tensor {
  const init = uniform(1 / Math.sqrt(width))
  const toGates = linear(`${name}.input`, [from, 3 * width], { init })
  const weight = parameter(`${name}.hidden.weight`, [width, 3 * width], init)
  const bias = parameter(`${name}.hidden.bias`, [width], zeros)
  const ofGates = gatesFrom > 0 ? linear(`${name}.gates`, [gatesFrom, 2 * width], { init, bias: false }) : undefined
  return (x, p) => {
    const [rows, length] = dims(x, 3)
    const each = Array.from({ length }, () => 1)
    // What does not hang on the state is one product for all steps, which lie one after the other.
    const whole = toGates(transpose(x, [1, 0, 2]))
    const gated = p && ofGates ? add(whole, pad(ofGates(transpose(p, [1, 0, 2])), 2, 0, width)) : whole
    const inputs = split(gated, 0, each)
    const states: Tensor[] = []
    let state: Tensor = constant(new Float32Array(rows * width), [rows, width])
    for (const step of inputs) {
      const { update, candidate } = gatesOf(reshape(step, [rows, 3 * width]), state, { weight, bias })
      state = add(candidate, mul(update, sub(state, candidate)))
      states.push(reshape(state, [1, rows, width]))
    }
    return transpose(concat(states, 0), [1, 0, 2])
  }
}

/**
 * Layers side by side that read the same x [B, L, in], each the steps that are open to it, [layers, B, L] of 0 and 1; a
 * state stays as it is over the others -> [layers, B, L, H]. As many layers of {@link gru}, with one product for all.
 * Parameters are those of {@link gru} with an axis of layers ahead, biases [layers, 1, ..].
 */
export function gruLayers(
  name: string,
  layers: number,
  [from, width]: readonly [number, number],
): (x: Tensor, open: Tensor) => Tensor {
  const init = uniform(1 / Math.sqrt(width))
  const input = parameter(`${name}.input.weight`, [layers, from, 3 * width], init)
  const inputBias = parameter(`${name}.input.bias`, [layers, 1, 3 * width], zeros)
  const weight = parameter(`${name}.hidden.weight`, [layers, width, 3 * width], init)
  const bias = parameter(`${name}.hidden.bias`, [layers, 1, width], zeros)
  return (x, open) => {
    const [rows, length] = dims(x, 3)
    const each = Array.from({ length }, () => 1)
    const steps = reshape(transpose(x, [1, 0, 2]), [1, length * rows, from])
    const inputs = split(reshape(add(matmul(steps, input), inputBias), [layers, length, rows, 3 * width]), 1, each)
    const opened = split(transpose(open, [0, 2, 1]), 1, each)
    const states: Tensor[] = []
    let state: Tensor = constant(new Float32Array(layers * rows * width), [layers, rows, width])
    for (const [at, step] of inputs.entries()) {
      const { update, candidate } = gatesOf(reshape(step, [layers, rows, 3 * width]), state, { weight, bias })
      const moves = mul(reshape(opened[at] as Tensor, [layers, rows, 1]), sub(1, update))
      state = add(state, mul(moves, sub(candidate, state)))
      states.push(reshape(state, [layers, rows, 1, width]))
    }
    return concat(states, 2)
  }
}

/** z and n of a step, of what it brings [.., 3H] and the state before it [.., H]. */
function gatesOf(
  step: Tensor,
  state: Tensor,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
): { readonly update: Tensor; readonly candidate: Tensor } {
  const [last, width] = [state.shape.length - 1, state.shape.at(-1) as number]
  const gatesAndState = (x: Tensor): readonly [Tensor, Tensor] => split(x, last, [2 * width, width]) as [Tensor, Tensor]
  const [inGates, inState] = gatesAndState(step)
  const [hiddenGates, hiddenState] = gatesAndState(matmul(state, weight))
  const [reset, update] = split(sigmoid(add(inGates, hiddenGates)), last, [width, width]) as [Tensor, Tensor]
  return { update, candidate: tanh(add(inState, mul(reset, add(hiddenState, bias)))) }
}
