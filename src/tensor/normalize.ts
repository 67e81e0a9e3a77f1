/** @file Normalizing operators: layer normalization, with and without scale and shift, and softmax. */

import { mul, sub } from './elementwise.ts'
import { matmul } from './linear.ts'
import { reshape } from './move.ts'
import { constant, operation, operations, sizeOf, type Tensor } from './operation.ts'
import { sum } from './reduce.ts'

/** Layer normalization over the last axis of x [.., D], with scale and shift [D] (Ba et al., 2016). */
export function layerNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
  const width = x.shape.at(-1) as number
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } }
  const statistics = [...x.shape.slice(0, -1), 1]
  const [y, , inverse] = operations('LayerNormalization', {
    attributes,
    inputs: [x, scale, shift],
    shapes: [x.shape, statistics, statistics],
    gradient: ([g]) => {
      if (!g) return []
      const ones = constant(new Float32Array(width).fill(1), [width])
      const zeros = constant(new Float32Array(width), [width])
      const normalized = operation('LayerNormalization', { attributes, inputs: [x, ones, zeros], shape: x.shape })
      const weighted = mul(g, normalized)
      const column = reshape(scale, [width, 1])
      // Both row means are products with the scale vector: no pass over g * scale is needed for them.
      const rowMean = (y: Tensor): Tensor =>
        reshape(matmul(reshape(y, [-1, width]), column, { scale: 1 / width }), statistics)
      const forX = mul(sub(sub(mul(g, scale), rowMean(g)), mul(normalized, rowMean(weighted))), inverse as Tensor)
      return [forX, sumRows(weighted, width), sumRows(g, width)]
    },
  })
  return y as Tensor
}

/** Layer normalization over the last axis without scale and shift; its gradient is computed from its output alone. */
export function standardize(x: Tensor, epsilon = 1e-5): Tensor {
  const width = x.shape.at(-1) as number
  const statistics = [...x.shape.slice(0, -1), 1]
  const ones = constant(new Float32Array(width).fill(1), [width])
  const made: readonly Tensor[] = operations('LayerNormalization', {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    inputs: [x, ones, constant(new Float32Array(width), [width])],
    shapes: [x.shape, statistics, statistics],
    gradient: ([g]) => {
      if (!g) return []
      const [y, , inverse] = made as [Tensor, Tensor, Tensor]
      const column = reshape(ones, [width, 1])
      const rowMean = (z: Tensor): Tensor =>
        reshape(matmul(reshape(z, [-1, width]), column, { scale: 1 / width }), statistics)
      return [mul(sub(sub(g, rowMean(g)), mul(y, rowMean(mul(g, y)))), inverse)]
    },
  })
  return made[0] as Tensor
}

const sumRows = (x: Tensor, width: number): Tensor => sum(reshape(x, [sizeOf(x.shape) / width, width]), [0])

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  const y: Tensor = operation('Softmax', {
    attributes: { axis: { int: -1 } },
    inputs: [x],
    shape: x.shape,
    gradient: ([g]) => [g && softmaxGradient(y, g)],
  })
  return y
}

/** The gradient of softmax, given its output y. */
function softmaxGradient(y: Tensor, g: Tensor): Tensor {
  const product = mul(g, y)
  return sub(product, mul(y, sum(product, [-1], { keep: true })))
}
