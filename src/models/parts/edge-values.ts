/** @file What edges between users and items count, by how many edges both have. */
import type { Pattern } from '../../tensor/sparse-product.ts'

/**
 * What each edge counts by how many its user and its item have, [1 + edges], the first 0. An edge that is not kept
 * counts nothing, neither itself nor among theirs.
 */
export function edgeValues(
  { rows, columns, start, column }: Pattern,
  valueOf: (user: number, item: number) => number,
  kept: (edge: number) => boolean = () => true,
): Float32Array {
  const [ofUser, ofItem] = [new Int32Array(rows), new Int32Array(columns)]
  const each = (visit: (edge: number, user: number, item: number) => void): void => {
    for (let user = 0; user < rows; user++)
      for (let edge = start[user] as number; edge < (start[user + 1] as number); edge++)
        if (kept(edge)) visit(edge, user, column[edge] as number)
  }
  each((_, user, item) => {
    ofUser[user] = (ofUser[user] as number) + 1
    ofItem[item] = (ofItem[item] as number) + 1
  })
  const values = new Float32Array(1 + column.length)
  each((edge, user, item) => {
    values[1 + edge] = valueOf(ofUser[user] as number, ofItem[item] as number)
  })
  return values
}

/** As LightGCN has it: 1 / sqrt(edges of the user x edges of the item). */
export const symmetric = (user: number, item: number): number => 1 / Math.sqrt(user * item)
