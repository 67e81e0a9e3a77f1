/**
 * @file A sparse matrix times a tensor, where the values of its entries are a tensor too: what edges of a graph count
 * may change from step to step while its layout stays.
 */
import { reshape } from './move.ts'
import { input, type Shape, type Tensor } from './node.ts'
import { take } from './primitives.ts'
import { dims } from './shape.ts'
import {
  declaredGroups,
  grouped,
  type LayoutTensor,
  mutual,
  type Pattern,
  productOf,
  type SparseProducts,
  turnedPattern,
} from './sparse-product.ts'

/**
 * The inputs {@link edgeProducts} reads: those of `sparseLayout` with `.edges` [R0, W0] in place of weights, the number
 * of each entry in the order of the matrix, from 1, and 0 for what only fills up.
 */
export function edgeLayout(name: string, matrix: Pattern): Record<string, LayoutTensor> {
  const turned = turnedPattern(matrix)
  return {
    ...numbered(`${name}.forward`, matrix, Int32Array.from(matrix.column.keys())),
    ...numbered(`${name}.backward`, turned, turned.entry),
  }
}

/** @param entry the number of each entry, from 0 */
const numbered = (name: string, matrix: Pattern, entry: Int32Array): Record<string, LayoutTensor> =>
  grouped(name, matrix, (part, places, sizes) => {
    const data = BigInt64Array.from(places, (at) => (at < 0 ? 0n : BigInt(1 + (entry[at] as number))))
    return { [`${part}.edges`]: { shape: [...sizes], data } }
  })

/** Values of the entries, [1 + E], the first 0 -> the products with them. The values have no gradient. */
export type EdgeProducts = (value_E: Tensor) => SparseProducts

/**
 * Multiplies by a matrix laid out by {@link edgeLayout}, and by its transpose. Called once for a matrix, it declares
 * the inputs of that name.
 * @throws Bug when the layout has no such matrix
 */
export function edgeProducts(name: string, layout: Readonly<Record<string, { readonly shape: Shape }>>): EdgeProducts {
  const [forward, backward] = [weighted(`${name}.forward`, layout), weighted(`${name}.backward`, layout)]
  return (value_E) => mutual(forward(value_E), backward(value_E))
}

/** Values of the entries -> the product with them. */
function weighted(
  name: string,
  layout: Readonly<Record<string, { readonly shape: Shape }>>,
): (value_E: Tensor) => (x: Tensor) => Tensor {
  const { groups, order } = declaredGroups(name, layout, (part, sizes) => input(`${part}.edges`, sizes, 'int64'))
  return (value_E) => {
    const valued = groups.map(({ ids, weights: edges_RW }) => {
      const [rows, width] = dims(edges_RW, 2)
      return { ids, weights: reshape(take(value_E, edges_RW), [rows, 1, width]) }
    })
    return productOf(valued, order)
  }
}
