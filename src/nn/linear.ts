/** @file Affine layers and layer normalization. */
import { add } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { type Initializer, type Parameter, parameter, type Tensor } from '../tensor/node.ts'
import { layerNorm as normalize } from '../tensor/normalize.ts'
import { filled, uniform, xavier, zeros } from './init.ts'

/** A function of one tensor that holds its own parameters. */
export type Layer = (x: Tensor) => Tensor

/** An affine layer, its W [in, out] and its b [out]. */
export type Affine = Layer & { readonly weight: Parameter; readonly bias?: Parameter }

/** x [.., in] -> x W + b [.., out]; W is named `NAME.weight` [in, out], b `NAME.bias` [out]. */
export function linear(
  name: string,
  [fanIn, fanOut]: readonly [number, number],
  options: { bias?: boolean; init?: Initializer; biasInit?: Initializer } = {},
): Affine {
  const weight = parameter(`${name}.weight`, [fanIn, fanOut], options.init ?? xavier(fanIn, fanOut))
  const bias = options.bias === false ? undefined : parameter(`${name}.bias`, [fanOut], options.biasInit ?? zeros)
  const layer: Layer = (x) => (bias ? add(matmul(x, weight), bias) : matmul(x, weight))
  return Object.assign(layer, { weight, ...(bias && { bias }) })
}

/** An affine layer of what a matrix makes of x, as one product: x (M W) + b. */
export const affineAfter =
  (matrix: Tensor, { weight, bias }: Affine): Layer =>
  (x) => {
    const y = matmul(x, matmul(matrix, weight))
    return bias ? add(y, bias) : y
  }

/** An affine layer that begins as PyTorch's does: weights and bias uniform in +-1 / sqrt(in). */
export function uniformLinear(name: string, sizes: readonly [number, number]): Affine {
  const init = uniform(1 / Math.sqrt(sizes[0]))
  return linear(name, sizes, { init, biasInit: init })
}

/**
 * Layer normalization over the last axis, width D; parameters `NAME.scale` and `NAME.shift` [D], the scale all ones at
 * first by default. What has less variance than `epsilon` stays small.
 */
export function layerNorm(
  name: string,
  width: number,
  { epsilon, scale: begin = 1 }: { readonly epsilon?: number; readonly scale?: number } = {},
): Layer {
  const scale = parameter(`${name}.scale`, [width], filled(begin))
  const shift = parameter(`${name}.shift`, [width], zeros)
  return (x) => normalize(x, scale, shift, epsilon)
}
