/**
 * @file A sparse matrix times a tensor, where the values of its entries are a tensor too: what edges of a graph count
 * may change from step to step while its layout stays.
 */
import { reshape } from './move.ts'
import { input, type Shape, type Tensor, withGradient } from './node.ts'
import { take } from './primitives.ts'
import { dims } from './shape.ts'
import { declaredGroups, grouped, type LayoutTensor, type Pattern, productOf, turnedPattern } from './sparse-product.ts'

/**
 * The inputs {@link edgeProduct} reads: those of `sparseLayout` with `.edges` [R0, W0] in place of weights, the number
 * of each entry in the order of the matrix, from 1, and 0 for what only fills up.
 */
export function edgeLayout(name: string, matrix: Pattern): Record<string, LayoutTensor> {
  const turned = turnedPattern(matrix)
  return {
    ...grouped(`${name}.forward`, matrix, Int32Array.from(matrix.column.keys())),
    ...grouped(`${name}.backward`, turned, turned.entry),
  }
}

/** The products of a matrix whose values are given, each with its exact gradient by x; the values have none. */
export interface EdgeProduct {
  /** A x: values [1 + E], the first 0; x [V, D] -> [R, D]. */
  readonly by: (value_E: Tensor) => (x: Tensor) => Tensor
  /** A^T x: x [R, D] -> [V, D]. */
  readonly turned: (value_E: Tensor) => (x: Tensor) => Tensor
}

/**
 * Multiplies by a matrix laid out by {@link edgeLayout}. Called once for a matrix, it declares the inputs of that name.
 * @throws Bug when the layout has no such matrix
 */
export function edgeProduct(name: string, layout: Readonly<Record<string, { readonly shape: Shape }>>): EdgeProduct {
  const [forward, backward] = [weighted(`${name}.forward`, layout), weighted(`${name}.backward`, layout)]
  const product = (there: Weighted, back: Weighted) => (value_E: Tensor) => {
    const [to, from] = [there(value_E), back(value_E)]
    return (x: Tensor): Tensor => withGradient(to(x), [x], (g) => [from(g)])
  }
  return { by: product(forward, backward), turned: product(backward, forward) }
}

/** Values of the entries -> the product with them. */
type Weighted = (value_E: Tensor) => (x: Tensor) => Tensor

function weighted(name: string, layout: Readonly<Record<string, { readonly shape: Shape }>>): Weighted {
  const { groups, order } = declaredGroups(name, layout, (part, sizes) => input(`${part}.edges`, sizes, 'int64'))
  return (value_E) => {
    const valued = groups.map(({ ids, weights: edges_RW }) => {
      const [rows, width] = dims(edges_RW, 2)
      return { ids, weights: reshape(take(value_E, edges_RW), [rows, 1, width]) }
    })
    return productOf(valued, order)
  }
}
