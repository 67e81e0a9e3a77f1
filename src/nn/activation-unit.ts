/** @file The activation unit of DIN (Zhou et al., KDD 2018, eq. 3): how much an event says about a candidate. */
import { add, mul, relu, sub } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { concat, reshape, slice, transpose } from '../tensor/move.ts'
import { constant, parameter, type Tensor } from '../tensor/node.ts'
import { dims } from '../tensor/shape.ts'
import { xavier, zeros } from './init.ts'
import { linear } from './linear.ts'
import { prelu } from './mlp.ts'

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
 * How many candidates of one history go through the unit at once: what it makes of 256 with 50 events, 64 wide, is
 * 3 MiB, which stays in the caches of a core or two from one pass to the next.
 */
const candidatesAtOnce = 256

/** What makes a layer of all events, [D, L, n], and what no candidate changes, [1, L, n], as one map [D + 1, L n]. */
const mapOf = (ofEvents: Tensor, own: Tensor): Tensor => {
  const [width, length, to] = dims(ofEvents, 3)
  return reshape(concat([ofEvents, own], 0), [width + 1, length * to])
}

/**
 * An MLP over [h, t, h - t, h * t] gives each event its weight, no softmax (R-D1): [B, L], 0 where there is none.
 * Parameters `NAME.first.{weight,bias}`, weight [4 D, hidden[0]], and `NAME.rest.*`.
 * Instead of concatenating [h, t, h - t, h * t], the first layer is computed as
 *   (W_1 + W_3) h + (W_2 - W_3) t + W_4 (h * t).
 * Same numbers, a quarter of the width.
 */
export function activationUnit(name: string, width: number, hidden: readonly [number, ...number[]]) {
  const [first, ...rest] = hidden
  const weight = parameter(`${name}.first.weight`, [4 * width, first], xavier(4 * width, first))
  const bias = parameter(`${name}.first.bias`, [first], zeros)
  const layers = [...rest, 1].map((to, at) => ({
    activate: prelu(at === 0 ? `${name}.first` : `${name}.rest.${at - 1}`, hidden[at] as number),
    affine: linear(`${name}.rest.${at}`, [hidden[at] as number, to]),
  }))
  const part = (at: number): Tensor => slice(weight, 0, at * width, (at + 1) * width)
  return ({ history, target, mask }: TargetAttentionInputs): Tensor => {
    const [histories, length] = dims(history, 3)
    const [rows] = dims(target, 2)
    const [ofHistory, ofTarget, ofDifference, ofProduct] = [part(0), part(1), part(2), part(3)]
    const [toHistory, toTarget] = [add(ofHistory, ofDifference), sub(ofTarget, ofDifference)]
    /**
     * Of one history for all candidates, each event is a matrix diag(h) W_4 + W_2 - W_3: one product does for all. What
     * PReLU lets through to the second layer is a linear map of the candidate as well, so that of the first layer
     * relu(x) alone is read, and only once.
     */
    const ofShared = (): Tensor => {
      const eachEvent = reshape(transpose(reshape(history, [length, width])), [width, length, 1])
      const ofEvents = add(mul(eachEvent, reshape(ofProduct, [width, 1, first])), reshape(toTarget, [width, 1, first]))
      const own = reshape(add(matmul(history, toHistory), bias), [1, length, first])
      const [{ activate, affine }, ...later] = layers as [(typeof layers)[number], ...typeof layers]
      const { through, above, bias: after } = activate.split(affine)
      const [toFirst, toSecond] = [
        mapOf(ofEvents, own),
        mapOf(matmul(ofEvents, through), after ? add(matmul(own, through), after) : matmul(own, through)),
      ]
      const candidates = concat([target, constant(new Float32Array(rows).fill(1), [rows, 1])], 1)
      const some = (from: number): Tensor => {
        const part = slice(candidates, 0, from, Math.min(rows, from + candidatesAtOnce))
        const x = reshape(matmul(part, toFirst), [-1, first])
        const second = add(matmul(relu(x), above), reshape(matmul(part, toSecond), [-1, above.shape[1] as number]))
        return later.reduce((y, { activate, affine }) => activate.into(y, affine), second)
      }
      const count = Math.ceil(rows / candidatesAtOnce)
      return concat(
        Array.from({ length: count }, (_, at) => some(at * candidatesAtOnce)),
        0,
      )
    }
    const ofOwn = (): Tensor => {
      // For long histories, one product with a matrix for each candidate, (W_1 + W_3) + diag(t) W_4, costs half of two
      // products with all.
      const historyPart =
        histories === rows && 2 * length > width
          ? matmul(history, add(mul(reshape(target, [rows, width, 1]), ofProduct), toHistory))
          : add(matmul(mul(history, reshape(target, [rows, 1, width])), ofProduct), matmul(history, toHistory))
      return add(historyPart, reshape(add(matmul(target, toTarget), bias), [rows, 1, first]))
    }
    const toWeight =
      histories < rows ? ofShared() : layers.reduce((x, { activate, affine }) => affine(activate(x)), ofOwn())
    return mul(reshape(toWeight, [rows, length]), mask)
  }
}

/** The weighted sum of a history: weights [B, L], history [H, L, D] -> [B, D]. */
export function weightedSum(weights: Tensor, history: Tensor): Tensor {
  const [histories, length, width] = dims(history, 3)
  const [rows] = dims(weights, 2)
  if (histories === 1) return matmul(weights, reshape(history, [length, width]))
  return reshape(matmul(reshape(weights, [rows, 1, length]), history), [rows, width])
}
