/**
 * @file What LR, FM, DeepFM and SimCEN read of items or users: a row of a table for each categorical field, and for
 * each number a row times it.
 */
import { addAll, mul, sub } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { constant, parameter, type Tensor, withGradient } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { categoricalFields, numberCount, numbersOf, rowsOfFields, smallRows } from './field-embeddings.ts'

/** The fields of R items or users; where rows hold a weight and a vector, the weight comes first. */
export interface WeightedFields {
  /** A row for each categorical field, [R, width]. */
  readonly rows: readonly Tensor[]
  /** Numbers [R, n], and a row for each of them, [n, width]. */
  readonly numbers?: { readonly values: Tensor; readonly table: Tensor }
}

/**
 * Reads the fields of items or users, and by `ids` the rows of their ids alone, [.., width]; parameters `field.OF.*`
 * and `numbers.OF`.
 */
export function weightedFields(catalog: CatalogShape, of: 'item' | 'user', width: number) {
  const fields = categoricalFields(catalog, of, width)
  const numbers = numbersOf(catalog, of)
  const table = parameter(`numbers.${of}`, [numberCount(catalog, of), width], smallRows)
  return {
    /** Rows of the id table, or of another one of as many rows. */
    ids: (indices: Tensor, from = fields.tables[0] as Tensor): Tensor => from.rows(fields.rows(indices)[0] as Tensor),
    of(indices: Tensor): WeightedFields {
      return { rows: rowsOfFields(fields, indices), ...(numbers && { numbers: { values: numbers(indices), table } }) }
    },
  }
}

/** The sum of all fields' rows, [R, width]. */
export function sumOfFields({ rows, numbers }: WeightedFields): Tensor {
  return addAll(numbers ? [...rows, numbers.values.matmul(numbers.table)] : rows)
}

/** The sum over fields of |v|^2 x^2, [R, 1]; v is a row without its first column, x the number, or 1. */
export function squaresOfFields({ rows, numbers }: WeightedFields): Tensor {
  const categorical = squaresOfRows(rows)
  if (!numbers) return categorical
  const { values, table } = numbers
  return addAll([categorical, mul(values, values).matmul(squaresOfRows([table]))])
}

/**
 * The sum of |v|^2 over same-shaped rows [R, 1 + D], [R, 1].
 * Its gradient is written by hand: by the chain rule the cut columns would cost two passes more over each field's rows.
 */
function squaresOfRows(rows: readonly Tensor[]): Tensor {
  const whole = rows.map((row) => row.sumSquares().reshape([-1, 1]))
  const weights = rows.map((row) => row.slice(1, 0, 1))
  const squares = sub(addAll(whole), addAll(weights.map((weight) => mul(weight, weight))))
  const width = rows[0]?.shape[1] ?? 0
  const twice = constant(new Float32Array(width).fill(2).fill(0, 0, 1), [width])
  return withGradient(squares, rows, (g) => {
    const factor = mul(g, twice)
    return rows.map((row) => mul(row, factor))
  })
}

/**
 * The vectors of all fields side by side, each number's times the number: [R, fields * D] of rows that are 1 + D wide.
 */
export function vectorsOfFields({ rows, numbers }: WeightedFields): Tensor {
  const [count, width] = dims(rows[0] as Tensor, 2)
  const vectors = concat(rows, 1).reshape([count, rows.length, width]).slice(2, 1, width)
  const categorical = vectors.reshape([count, -1])
  if (!numbers) return categorical
  const weighed = mul(numbers.values.reshape([count, -1, 1]), numbers.table.slice(1, 1, width))
  return concat([categorical, weighed.reshape([count, -1])], 1)
}
