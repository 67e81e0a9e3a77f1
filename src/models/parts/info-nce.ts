/**
 * @file A contrast within a batch: each row should be nearer to its own positive than to the others' (van den Oord et
 * al., 2018).
 */
import { hiddenScore } from '../../tensor/attention.ts'
import { equalPairs } from '../../tensor/compare.ts'
import { crossEntropyOf } from '../../tensor/cross-entropy.ts'
import { constant, integers, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'

/** How rows are contrasted. */
export interface InfoNceOptions {
  readonly temperature: number
  /**
   * 1 where two rows stand for the same thing, else 0: [B, B]. Such rows are not each other's negatives. The extra
   * `duplicates` gives it for targets of one item.
   */
  readonly same?: Tensor
  /**
   * [B]; they sum to 1. Each row counts the same by default. A row of weight 0 only fills up the batch and is nobody's
   * negative.
   */
  readonly weights?: Tensor
}

/**
 * sum_b w_b * -log (exp(cos(a_b, p_b) / t) / sum_j exp(cos(a_b, p_j) / t)), a scalar. j runs over b and its negatives.
 * Differs from the published code of UniSRec and HM4SR, where each duplicate still adds exp(0) = 1 to the sum.
 * @param anchor a [B, D]
 * @param positive p [B, D], row b belonging to row b of the anchors
 */
export function infoNce(anchor: Tensor, positive: Tensor, { temperature, same, weights }: InfoNceOptions): Tensor {
  const [rows] = dims(anchor, 2)
  const similarities = anchor.l2Normalize().matmul(positive.l2Normalize(), { transposeB: true, scale: 1 / temperature })
  const index = integers(Array.from({ length: rows }, (_, row) => row))
  const others = equalPairs(index).mul(-1).add(1)
  const hidden = [same, weights?.equal(0).cast('float32')].flatMap((which) => which ?? [])
  const scores = hidden.reduce((x, which) => x.add(which.mul(others).mul(hiddenScore)), similarities)
  const each = constant(new Float32Array(rows).fill(1 / rows), [rows])
  return crossEntropyOf(scores, index, weights ?? each)
}
