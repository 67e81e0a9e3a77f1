/** @file What LR, FM and DeepFM read of items or users: a row of a table for each categorical field, and for each number a row times the number. */
import { normal } from '../../nn/init.ts'
import { addAll, mul, sub } from '../../tensor/elementwise.ts'
import { gather } from '../../tensor/gather.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, slice } from '../../tensor/move.ts'
import { constant, parameter, type Tensor, withGradient } from '../../tensor/node.ts'
import { sumSquares } from '../../tensor/reduce.ts'
import type { ClickShape } from '../contract/click-model.ts'
import { categoricalFields, numbersOf, rowsOfFields } from './field-embeddings.ts'

/** The fields of R items or users; where rows hold a weight and a vector, the weight comes first. */
export interface WeightedFields {
  /** A row for each categorical field, [R, width]. */
  readonly rows: readonly Tensor[]
  /** Numbers [R, n], and a row for each of them, [n, width]. */
  readonly numbers?: { readonly values: Tensor; readonly table: Tensor }
}

/** Reads the fields of items or users, and by `ids` the rows of their ids alone, [.., width]; parameters `field.OF.*` and `numbers.OF`. */
export function weightedFields(shape: ClickShape, of: 'item' | 'user', width: number) {
  const fields = categoricalFields(shape, of, width)
  const count = of === 'item' ? shape.itemNumbers : shape.userNumbers
  const numbers = numbersOf(shape, of)
  const table = parameter(`numbers.${of}`, [count, width], normal(0.01))
  return {
    /** Rows of the id table, or of another one of as many rows. */
    ids: (indices: Tensor, from = fields.tables[0] as Tensor): Tensor =>
      gather(from, fields.rows(indices)[0] as Tensor),
    of(indices: Tensor): WeightedFields {
      return { rows: rowsOfFields(fields, indices), ...(numbers && { numbers: { values: numbers(indices), table } }) }
    },
  }
}

/** The sum of all fields' rows, [R, width]. */
export function sumOfFields({ rows, numbers }: WeightedFields): Tensor {
  return addAll(numbers ? [...rows, matmul(numbers.values, numbers.table)] : rows)
}

/** The sum over fields of |v|^2 x^2, [R, 1]; v is a row without its first column, x the number, or 1. */
export function squaresOfFields({ rows, numbers }: WeightedFields): Tensor {
  const categorical = squaresOfRows(rows)
  if (!numbers) return categorical
  const { values, table } = numbers
  return addAll([categorical, matmul(mul(values, values), squaresOfRows([table]))])
}

/** The sum of |v|^2 over same-shaped rows [R, 1 + D], [R, 1]. By the chain rule the cut columns would cost two passes more over each field's rows. */
function squaresOfRows(rows: readonly Tensor[]): Tensor {
  const whole = rows.map((row) => reshape(sumSquares(row), [-1, 1]))
  const weights = rows.map((row) => slice(row, 1, 0, 1))
  const made = sub(addAll(whole), addAll(weights.map((weight) => mul(weight, weight))))
  const width = rows[0]?.shape[1] ?? 0
  const twice = constant(new Float32Array(width).fill(2).fill(0, 0, 1), [width])
  return withGradient(made, rows, (g) => {
    const factor = mul(g, twice)
    return rows.map((row) => mul(row, factor))
  })
}

/** The vectors of all fields side by side, each number's times the number: [R, fields * D] of rows that are 1 + D wide. */
export function vectorsOfFields({ rows, numbers }: WeightedFields): Tensor {
  const [first] = rows as readonly [Tensor]
  const [count, width] = first.shape as readonly [number, number]
  const vectors = slice(reshape(concat(rows, 1), [count, rows.length, width]), 2, 1, width)
  const categorical = reshape(vectors, [count, -1])
  if (!numbers) return categorical
  const weighed = mul(reshape(numbers.values, [count, -1, 1]), slice(numbers.table, 1, 1, width))
  return concat([categorical, reshape(weighed, [count, -1])], 1)
}
