/** @file Multi-layer perceptrons, and the PReLU activation (He et al., 2015). */
import { add, below, mul, relu, sigmoid, sub } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat, expand, reshape } from '../tensor/move.ts'
import { type Initializer, parameter, scalar, type Tensor, withGradient } from '../tensor/node.ts'
import { dims } from '../tensor/shape.ts'
import { type Affine, type Layer, linear } from './linear.ts'
import type { Noise } from './noise.ts'

/** Activations of hidden layers. */
export type Activation = 'relu' | 'prelu' | 'sigmoid'

const quarter: Initializer = (values) => void values.fill(0.25)

/** PReLU, alone or with the layer that comes after it. */
type Prelu = Layer & {
  /** The affine layer of what is activated as x through + relu(x) above + b: through = a W, above = (1 - a) W. */
  readonly split: (after: Affine) => { readonly through: Tensor; readonly above: Tensor; readonly bias?: Tensor }
  /**
   * The same of an x. For a layer with fewer outputs these are two products and a pass over x, where the activation
   * takes four passes of its own.
   */
  readonly into: (x: Tensor, after: Affine) => Tensor
}

/** max(0, x) + a * min(0, x) with a learned slope a for each column, 0.25 at first; parameter `NAME.slope` [D]. */
export function prelu(name: string, width: number): Prelu {
  const slope = parameter(`${name}.slope`, [width], quarter)
  const layer: Layer = (x) => {
    const negative = below(x)
    const factor = add(mul(negative, sub(slope, 1)), 1)
    // By hand, since all of this is as large as x: dy/dx is the factor, and a product with ones sums columns fastest.
    return withGradient(mul(x, factor), [x, slope], (g) => {
      const forSlope = reshape(mul(mul(g, x), negative), [-1, width])
      const ones = expand(scalar(1), [1, dims(forSlope, 2)[0]])
      return [mul(g, factor), reshape(matmul(ones, forSlope), [width])]
    })
  }
  const split: Prelu['split'] = ({ weight, bias }) => {
    const kept = reshape(slope, [width, 1])
    return { through: mul(kept, weight), above: mul(sub(1, kept), weight), ...(bias && { bias }) }
  }
  const into: Prelu['into'] = (x, after) => {
    const { through, above, bias } = split(after)
    const whole = add(matmul(x, through), matmul(relu(x), above))
    // A column takes a single number three times as fast where that has as many axes.
    return bias ? add(whole, reshape(bias, [...whole.shape.slice(1).map(() => 1), ...bias.shape])) : whole
  }
  return Object.assign(layer, { split, into })
}

/** The activation of a layer of `width`; only PReLU has a parameter, named for the layer. */
function activation(kind: Activation, name: string, width: number): Layer {
  return kind === 'relu' ? relu : kind === 'sigmoid' ? sigmoid : prelu(name, width)
}

/** How an MLP is made. */
export interface MlpOptions {
  readonly activation?: Activation
  /** Dropped of each hidden layer's output while training. */
  readonly dropout?: number
  /** Widths of what joins the hidden layers' outputs, from the first on; nothing by default. */
  readonly joins?: readonly number[]
}

/**
 * Affine layers with an activation after all but the last: x [.., sizes[0]] -> [.., sizes[last]].
 * Layer i has the parameters `NAME.i.{weight,bias}`, and `NAME.i.slope` with PReLU.
 */
export function mlp(
  name: string,
  sizes: readonly number[],
  { activation: kind = 'relu', dropout = 0, joins = [] }: MlpOptions = {},
) {
  const layers = sizes.slice(1).map((to, at) => {
    const affine = linear(`${name}.${at}`, [(sizes[at] as number) + (joins[at - 1] ?? 0), to])
    return { affine, activate: at < sizes.length - 2 ? activation(kind, `${name}.${at}`, to) : undefined }
  })
  return (x: Tensor, noise: Noise, joined: readonly Tensor[] = []): Tensor =>
    layers.reduce((y, { affine, activate }, at) => {
      if (!activate) return affine(y)
      const hidden = noise.dropout(activate(affine(y)), dropout)
      const more = joined[at]
      return more ? concat([hidden, more], -1) : hidden
    }, x)
}
