/** @file Layers of gated recurrent units (Cho et al., 2014), unrolled over the steps. */
import { equal } from '../tensor/compare.ts'
import { add, mul, sigmoid, sub, tanh } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { cast, concat, expand, pad, reshape, slice, split, transpose, unsqueeze } from '../tensor/move.ts'
import { constant, integers, parameter, type Tensor } from '../tensor/node.ts'
import { dims } from '../tensor/shape.ts'
import { uniform, zeros } from './init.ts'
import type { KindTiles } from './kind-tiles.ts'
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
      const { update, candidate } = gatesOf(reshape(step, [rows, 3 * width]), matmul(state, weight), bias)
      state = add(candidate, mul(update, sub(state, candidate)))
      states.push(reshape(state, [1, rows, width]))
    }
    return transpose(concat(states, 0), [1, 0, 2])
  }
}

/**
 * As many layers of {@link gru} as there are kinds, each of which reads the steps of its kind: x [N, in], N = L B, step
 * after step of B sequences in which the steps of a kind lie side by side -> [L, B, H], after each step the state of
 * the layer that read it. What a step brings is multiplied by the matrix of its own kind alone.
 * Parameters are those of {@link gru} with an axis of kinds ahead, biases [kinds, 1, ..].
 */
export function gruOfKinds(
  name: string,
  kinds: number,
  [from, width]: readonly [number, number],
): (x: Tensor, steps: KindSteps) => Tensor {
  const init = uniform(1 / Math.sqrt(width))
  const input = parameter(`${name}.input.weight`, [kinds, from, 3 * width], init)
  const inputBias = parameter(`${name}.input.bias`, [kinds, 1, 3 * width], zeros)
  const weight = reshape(parameter(`${name}.hidden.weight`, [kinds, width, 3 * width], init), [
    kinds * width,
    3 * width,
  ])
  const bias = parameter(`${name}.hidden.bias`, [kinds, 1, width], zeros)
  return (x, { kind_LB, tiles }) => {
    const [length, rows] = dims(kind_LB, 2)
    const each = Array.from({ length }, () => 1)
    const steps = (y: Tensor): readonly Tensor[] => split(y, 0, each)
    const made = add(matmul(tiles.tiled(x), tiles.ofKinds(input)), tiles.ofKinds(inputBias))
    const inputs = steps(reshape(tiles.untiled(made), [length, rows, 3 * width]))
    const own_LBK = cast(
      equal(unsqueeze(kind_LB, 2), integers(Array.from({ length: kinds }, (_, at) => at))),
      'float32',
    )
    const biases = steps(reshape(matmul(own_LBK, reshape(bias, [kinds, width])), [length, rows, width]))
    // The first step of a kind finds no state.
    const nothing = expand(reshape(integers([-1]), [1, 1]), [1, rows])
    const before_LB = slice(concat([nothing, kind_LB], 0), 0, 0, length)
    const goesOn_LB11 = reshape(cast(equal(kind_LB, before_LB), 'float32'), [length, rows, 1, 1])
    const goesOn = steps(goesOn_LB11)
    const own = steps(mul(goesOn_LB11, unsqueeze(own_LBK, 3)))
    const states: Tensor[] = []
    let state: Tensor = constant(new Float32Array(rows * width), [rows, width])
    for (const [at, step] of inputs.entries()) {
      const before = mul(state, reshape(goesOn[at] as Tensor, [rows, 1]))
      // The state is put where its kind has its matrix, and zeros elsewhere: one product whatever the kinds.
      const placed = mul(reshape(state, [rows, 1, width]), reshape(own[at] as Tensor, [rows, kinds, 1]))
      const hidden = matmul(reshape(placed, [rows, kinds * width]), weight)
      const { update, candidate } = gatesOf(
        reshape(step, [rows, 3 * width]),
        hidden,
        reshape(biases[at] as Tensor, [rows, width]),
      )
      state = add(candidate, mul(update, sub(before, candidate)))
      states.push(reshape(state, [1, rows, width]))
    }
    return concat(states, 0)
  }
}

/** The steps of sequences, by their kinds. */
export interface KindSteps {
  /** [L, B] int64; as many as there are kinds for a step that is of none. */
  readonly kind_LB: Tensor
  /** Of the same, one after the other. */
  readonly tiles: KindTiles
}

/** z and n of a step, of what it brings and what the state before it is multiplied to, both [.., 3H]. */
function gatesOf(step: Tensor, hidden: Tensor, bias: Tensor): { readonly update: Tensor; readonly candidate: Tensor } {
  const [last, width] = [step.shape.length - 1, (step.shape.at(-1) as number) / 3]
  const gatesAndState = (x: Tensor): readonly [Tensor, Tensor] => split(x, last, [2 * width, width]) as [Tensor, Tensor]
  const [inGates, inState] = gatesAndState(step)
  const [hiddenGates, hiddenState] = gatesAndState(hidden)
  const [reset, update] = split(sigmoid(add(inGates, hiddenGates)), last, [width, width]) as [Tensor, Tensor]
  return { update, candidate: tanh(add(inState, mul(reset, add(hiddenState, bias)))) }
}
