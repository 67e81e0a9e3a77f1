/**
 * @file Diagonal Gaussians and their 2-Wasserstein distance: w2 = |m - M|^2 + |sqrt c - sqrt C|^2 is the squared
 * distance of the points (m; sqrt c) and (M; sqrt C). So -w2 = 2 x . y - |y|^2 - |x|^2, a dot product with a bias of y,
 * less what all y share.
 */
import { add, mul, neg, sqrt, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { sumSquares } from '../../tensor/reduce.ts'

/** A Gaussian in each row, [.., D]; without a covariance it is its mean. */
export interface Gaussian {
  readonly mean: Tensor
  /** Variances, above 0. */
  readonly covariance?: Tensor | undefined
}

/** (mean; standard deviations), [.., 2D]. */
export function pointOf({ mean, covariance }: Gaussian): Tensor {
  // A variance may be too small for float32, and its root must have a gradient all the same.
  return covariance ? concat([mean, sqrt(add(covariance, 1e-24))], -1) : mean
}

/** w2 of two Gaussians in each row, by their points [.., 2D] -> [..]. */
export const pointDistance = (a: Tensor, b: Tensor): Tensor => sumSquares(sub(a, b))

/** -scale * w2 of each query [.., Lq, 2D] and each key [.., Lk, 2D], plus something of the query's: [.., Lq, Lk]. */
export function nearness(query: Tensor, key: Tensor, scale: number): Tensor {
  const lengths = sumSquares(key)
  const [keys, leading] = [lengths.shape.at(-1) as number, lengths.shape.slice(0, -1)]
  const products = matmul(query, key, { transposeB: true, scale: 2 * scale })
  return sub(products, mul(reshape(lengths, [...leading, 1, keys]), scale))
}

/** A row of a table whose product with (2 x; 1) is -w2 plus something of x: (y; -|y|^2), [.., 2D + 1]. */
export const rankedPoint = (point: Tensor): Tensor => concat([point, neg(sumSquares(point)).unsqueeze(-1)], -1)
