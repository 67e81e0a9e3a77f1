/** @file A layer of gated recurrent units (Cho et al., 2014), unrolled over the steps. */
import { add, mul, sigmoid, sub, tanh } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat, reshape, split, transpose } from '../tensor/move.ts'
import { constant, parameter, type Tensor } from '../tensor/node.ts'
import { dims } from '../tensor/shape.ts'
import { uniform, zeros } from './init.ts'
import { type Layer, linear } from './linear.ts'

/**
 * x [B, L, in] -> hidden states [B, L, H], from zeros on, as PyTorch has it:
 *   r = sigmoid(x W_r + h U_r + b_r), z = sigmoid(x W_z + h U_z + b_z),
 *   n = tanh(x W_n + b_n + r * (h U_n + c)), h' = (1 - z) * n + z * h.
 * Parameters `NAME.input.{weight,bias}`, W [in, 3H] and b [3H], and `NAME.hidden.{weight,bias}`, U [H, 3H] and c [H];
 * columns are in the order r, z, n.
 */
export function gru(name: string, [from, width]: readonly [number, number]): Layer {
  const init = uniform(1 / Math.sqrt(width))
  const toGates = linear(`${name}.input`, [from, 3 * width], { init })
  const weight = parameter(`${name}.hidden.weight`, [width, 3 * width], init)
  const bias = parameter(`${name}.hidden.bias`, [width], zeros)
  const gatesAndState = (x: Tensor): readonly [Tensor, Tensor] => split(x, 1, [2 * width, width]) as [Tensor, Tensor]
  return (x) => {
    const [rows, length] = dims(x, 3)
    const each = Array.from({ length }, () => 1)
    // What does not hang on the state is one product for all steps, which lie one after the other.
    const inputs = split(toGates(transpose(x, [1, 0, 2])), 0, each)
    const states: Tensor[] = []
    let state: Tensor = constant(new Float32Array(rows * width), [rows, width])
    for (const step of inputs) {
      const [inGates, inState] = gatesAndState(reshape(step, [rows, 3 * width]))
      const [hiddenGates, hiddenState] = gatesAndState(matmul(state, weight))
      const [reset, update] = split(sigmoid(add(inGates, hiddenGates)), 1, [width, width]) as [Tensor, Tensor]
      const candidate = tanh(add(inState, mul(reset, add(hiddenState, bias))))
      state = add(candidate, mul(update, sub(state, candidate)))
      states.push(reshape(state, [1, rows, width]))
    }
    return transpose(concat(states, 0), [1, 0, 2])
  }
}
