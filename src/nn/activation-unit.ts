/** @file The activation unit of DIN (Zhou et al., KDD 2018, eq. 3): how much each event of a history says about a candidate. */
import { add, mul, sub } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { reshape, slice } from '../tensor/move.ts'
import { parameter, type Tensor } from '../tensor/node.ts'
import { xavier, zeros } from './init.ts'
import { activation, type MlpOptions, mlp } from './mlp.ts'
import { noNoise } from './noise.ts'

/** What a target attention reads: histories of H = B rows, or of one row that all B candidates share. */
export interface TargetAttentionInputs {
  /** [H, L, D] */
  readonly history: Tensor
  /** [B, D] */
  readonly target: Tensor
  /** [H, L]: 1 where there is an event, else 0. */
  readonly mask: Tensor
}

/**
 * An MLP over [h, t, h - t, h * t] gives each event its weight, no softmax (R-D1); the weights [B, L], 0 where there is no event.
 * Parameters `NAME.first.{weight,bias}`, weight [4 D, hidden[0]], and `NAME.rest.*`.
 * The first layer is never given the four side by side: W_h h + W_t t + W_p (h * t), where W_h and W_t add up what h - t has in common with both.
 * So the history's part is computed once for all candidates of a user, and the widest product has a quarter of the columns.
 */
export function activationUnit(
  name: string,
  width: number,
  hidden: readonly [number, ...number[]],
  options: MlpOptions = {},
) {
  const [first, ...rest] = hidden
  const { activation: kind = 'prelu' } = options
  const weight = parameter(`${name}.first.weight`, [4 * width, first], xavier(4 * width, first))
  const bias = parameter(`${name}.first.bias`, [first], zeros)
  const activate = activation(kind, `${name}.first`, first)
  const toWeight = mlp(`${name}.rest`, [first, ...rest, 1], { activation: kind })
  const part = (at: number): Tensor => slice(weight, 0, at * width, (at + 1) * width)
  return ({ history, target, mask }: TargetAttentionInputs): Tensor => {
    const [histories, length] = history.shape as [number, number, number]
    const [rows] = target.shape as [number, number]
    const [ofHistory, ofTarget, ofDifference, ofProduct] = [part(0), part(1), part(2), part(3)]
    const [toHistory, targetPart] = [
      add(ofHistory, ofDifference),
      add(matmul(target, sub(ofTarget, ofDifference)), bias),
    ]
    // Long histories of their own: one product with a matrix for each candidate, W_h + diag(t) W_p, costs half of two products with all.
    const historyPart =
      histories === rows && 2 * length > width
        ? matmul(history, add(mul(reshape(target, [rows, width, 1]), ofProduct), toHistory))
        : add(matmul(mul(history, reshape(target, [rows, 1, width])), ofProduct), matmul(history, toHistory))
    const hidden_BLU = activate(add(historyPart, reshape(targetPart, [rows, 1, first])))
    return mul(reshape(toWeight(hidden_BLU, noNoise), [rows, length]), mask)
  }
}

/** The weighted sum of a history: weights [B, L], history [H, L, D] -> [B, D]. */
export function weightedSum(weights: Tensor, history: Tensor): Tensor {
  const [histories, length, width] = history.shape as [number, number, number]
  const [rows] = weights.shape as [number, number]
  if (histories === 1) return matmul(weights, reshape(history, [length, width]))
  return reshape(matmul(reshape(weights, [rows, 1, length]), history), [rows, width])
}
