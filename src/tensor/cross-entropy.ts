/** @file Full softmax cross-entropy over a large table, in chunks, with its gradient by hand. */
import { add, addAll, exp, log, mul, neg, sub } from './elementwise.ts'
import { matmul } from './linear.ts'
import { concat, pad, reshape, slice } from './move.ts'
import { softmax } from './normalize.ts'
import { integers, operation, type SparseRows, scalar, stopGradient, type Tensor, withGradient } from './operation.ts'
import { take } from './primitives.ts'
import { logSumExp, sum } from './reduce.ts'
import { segmentSum } from './segment-sum.ts'
import { dims } from './shape.ts'

/** What {@link crossEntropy} compares. */
export interface CrossEntropyParts {
  /** [M, D] */
  readonly hidden: Tensor
  /** [V, D]: logits are hidden @ table^T. */
  readonly table: Tensor
  /** [M] int64, rows of the table. */
  readonly targets: Tensor
  /**
   * [M, D]: rows `targets` of the table, computed on their own. Then a computed table's gradient leaves the targets to
   * these rows, which spares a pass over the probabilities, or a [M, V] product where there are chunks.
   */
  readonly targetRows?: Tensor
  /** [M]: weight of each row; 0 leaves a padded row out, whatever its target. */
  readonly weights: Tensor
  /** Rows before this one are no classes: nothing is compared with them. 0 by default. */
  readonly firstRow?: number
  /** Rows of the table handled at a time; memory holds one chunk of logits, [M, chunk]. */
  readonly chunk?: number
}

/**
 * sum_i weights_i * -log softmax(hidden_i @ table^T)[targets_i], a scalar.
 * The weights are multiplied into the narrow side of each product, never into the [M, V] probabilities.
 */
export function crossEntropy({
  hidden,
  table,
  targets,
  targetRows,
  weights,
  firstRow = 0,
  chunk = 32_768,
}: CrossEntropyParts): Tensor {
  const [h, t] = [stopGradient(hidden), stopGradient(table)]
  const column = columnOf(targets, firstRow)
  const pieces = chunksOf(t, firstRow, chunk)
  const whole = pieces.length === 1 ? softmax(matmul(h, pieces[0] as Tensor, { transposeB: true })) : undefined
  const logSums = whole
    ? undefined
    : pieces.map((piece) => logSumExp(matmul(h, piece, { transposeB: true }), 1, { keep: true }))
  const logSum = logSums && logSumExp(concat(logSums, 1), 1, { keep: true })
  const losses = whole ? neg(log(add(pick(whole, column), 1e-37))) : sub(logSum as Tensor, targetLogits(h, t, targets))
  const loss = sum(mul(reshape(losses, [-1]), weights))

  return withGradient(loss, targetRows ? [hidden, table, targetRows] : [hidden, table], (g) => {
    const rowWeights = reshape(mul(weights, g), [-1, 1])
    const weighted = mul(h, rowWeights)
    // A table that is a parameter takes the target rows on the host; a computed one takes them in the probabilities.
    const sparse = 'kind' in table.origin || targetRows !== undefined
    const probabilities = whole
      ? [{ values: whole, scale: undefined }]
      : recomputed(h, pieces, logSums as Tensor[], logSum as Tensor)
    const forHidden: Tensor[] = []
    const forTable: Tensor[] = []
    for (const [index, { values, scale }] of probabilities.entries()) {
      const errors = sparse || !whole ? values : putOnes(values, column)
      const part = matmul(errors, pieces[index] as Tensor)
      forHidden.push(scale ? mul(part, scale) : part)
      forTable.push(matmul(errors, scale ? mul(weighted, scale) : weighted, { transposeA: true }))
    }
    const sums = addAll(forHidden)
    const ofClasses = forTable.length === 1 ? (forTable[0] as Tensor) : concat(forTable, 0)
    const dense = firstRow > 0 ? pad(ofClasses, 0, firstRow, 0) : ofClasses
    if (whole && !sparse) return [mul(sums, rowWeights), dense]
    const rows = targetRows ?? take(t, targets)
    const toHidden = mul(sub(sums, rows), rowWeights)
    if (targetRows) return [toHidden, dense, neg(weighted)]
    const minus: SparseRows = { ids: targets, rows: neg(weighted) }
    return sparse
      ? [toHidden, denseAndSparse(dense, minus)]
      : [toHidden, sub(dense, segmentSum(weighted, targets, dims(table, 2)[0]))]
  })
}

/**
 * sum_i weights_i * -log softmax(scores_i)[targets_i], a scalar, of scores [M, V] that are all there.
 * @param firstColumn columns before this one are no classes
 */
export function crossEntropyOf(scores: Tensor, targets: Tensor, weights: Tensor, firstColumn = 0): Tensor {
  if (firstColumn > 0) {
    const classes = slice(scores, 1, firstColumn, dims(scores, 2)[1])
    return crossEntropyOf(classes, sub(targets, integers([firstColumn])), weights)
  }
  const column = reshape(targets, [-1, 1])
  const probabilities = softmax(stopGradient(scores))
  const losses = neg(log(add(pick(probabilities, column), 1e-37)))
  const loss = sum(mul(reshape(losses, [-1]), weights))
  return withGradient(loss, [scores], (g) => [mul(putOnes(probabilities, column), reshape(mul(weights, g), [-1, 1]))])
}

/** A gradient with both a dense part and sparse rows. */
function denseAndSparse(dense: Tensor, { ids, rows }: SparseRows): SparseRows & { readonly dense: Tensor } {
  return { ids, rows, dense }
}

/** Where each target stands among the classes, [M, 1]. One before the first, of a padded row, counts from the end. */
const columnOf = (targets: Tensor, firstRow: number): Tensor =>
  reshape(firstRow > 0 ? sub(targets, integers([firstRow])) : targets, [-1, 1])

const chunksOf = (table: Tensor, firstRow: number, chunk: number): Tensor[] => {
  const [rows] = dims(table, 2)
  return Array.from({ length: Math.ceil((rows - firstRow) / chunk) }, (_, index) =>
    slice(table, 0, firstRow + index * chunk, Math.min(rows, firstRow + (index + 1) * chunk)),
  )
}

/** Each chunk's softmax once more, and exp(its log-sum - the whole log-sum), its share of the whole softmax. */
function recomputed(
  h: Tensor,
  pieces: readonly Tensor[],
  logSums: readonly Tensor[],
  logSum: Tensor,
): { values: Tensor; scale: Tensor }[] {
  // Adding 0 * logSum puts this pass after the first one. Merged with it, every chunk's logits would stay in memory.
  const later = add(h, mul(logSum, scalar(0)))
  return pieces.map((piece, index) => ({
    values: softmax(matmul(later, piece, { transposeB: true })),
    scale: exp(sub(logSums[index] as Tensor, logSum)),
  }))
}

function pick(x: Tensor, column: Tensor): Tensor {
  return operation('GatherElements', { attributes: { axis: { int: 1 } }, inputs: [x, column], shape: column.shape })
}

/** Probabilities minus one at the targets: one element a row, so nothing races. */
function putOnes(probabilities: Tensor, column: Tensor): Tensor {
  const updates = sub(pick(probabilities, column), 1)
  return operation('ScatterElements', {
    attributes: { axis: { int: 1 } },
    inputs: [probabilities, column, updates],
    shape: probabilities.shape,
  })
}

function targetLogits(h: Tensor, table: Tensor, targets: Tensor): Tensor {
  return sum(mul(h, take(table, targets)), 1, { keep: true })
}
