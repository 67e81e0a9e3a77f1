/** @file The softmax over a catalog: row 0 of an item table pads histories, and is nobody's next item. */
import { crossEntropy, crossEntropyOf } from '../tensor/cross-entropy.ts'
import type { Tensor } from '../tensor/node.ts'
import { rows } from '../tensor/rows.ts'

/** The first item of a table or of a row of scores; what stands before it is the pad. */
export const firstItem = 1

/** What a loss over a catalog compares. */
export interface CatalogLossParts {
  /** Users' vectors [P, D]. */
  readonly hidden: Tensor
  /** [V + 1, D]: a user's scores are hidden @ table^T. */
  readonly table: Tensor
  /** ids [N] -> [N, D], rows of the table, where it is computed and not a parameter itself. */
  readonly rowsOf?: (ids: Tensor) => Tensor
  /** Items [P] int64. */
  readonly targets: Tensor
  /** [P]; 0 leaves a row out, whatever its target. */
  readonly weights: Tensor
}

/** A loss of users' targets among the items of a catalog, a scalar. */
export type CatalogLoss = (parts: CatalogLossParts) => Tensor

/** Some rows of the table, as its model makes them. */
export const rowsIn = ({ table, rowsOf }: CatalogLossParts, ids: Tensor): Tensor =>
  rowsOf ? rowsOf(ids) : rows(table, ids)

/**
 * sum_i weights_i * -log softmax(hidden_i . items)[targets_i], a scalar; the pad is no class.
 * @param options.chunk items handled at a time
 */
export const catalogLoss = (
  { rowsOf, ...parts }: CatalogLossParts,
  options: { readonly chunk?: number } = {},
): Tensor =>
  crossEntropy({
    ...parts,
    ...(rowsOf && { targetRows: rowsOf(parts.targets) }),
    ...options,
    firstRow: firstItem,
  })

/** The same of scores [M, V] that are all there, column 0 being the pad's. */
export const catalogLossOf = (scores: Tensor, targets: Tensor, weights: Tensor): Tensor =>
  crossEntropyOf(scores, targets, weights, firstItem)
