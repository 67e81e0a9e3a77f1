/**
 * @file Rows that are each multiplied by the matrix of their own kind. How many rows a kind has changes from batch to
 * batch, and a graph has fixed sizes: so rows of one kind lie side by side in tiles, each of which is of one kind.
 */
import { equal, greater, lessOrEqual, where } from '../tensor/compare.ts'
import { add, div, mul, sub } from '../tensor/elementwise.ts'
import { topK } from '../tensor/largest.ts'
import { cast, concat, reshape, slice } from '../tensor/move.ts'
import { integers, type Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { rows } from '../tensor/rows.ts'
import { countsOf, cumulative } from '../tensor/segment-sum.ts'

/** Rows in tiles: S of them, of T places each. */
export interface KindTiles {
  /** x [N, D] -> [S, T, D]. Places that are left over hold a row that is not theirs, and give it no gradient. */
  readonly tiled: (x: Tensor) => Tensor
  /** What the kind of each tile has: [K, ..] -> [S, ..]. */
  readonly ofKinds: (table: Tensor) => Tensor
  /** y [S, T, D] -> [N, D], each row from its place. A row of no kind gets another's, without a gradient. */
  readonly untiled: (y: Tensor) => Tensor
}

/** A tile is as large as these allow, and an eighth of the places is left over at most, or so. */
const [least, most] = [16, 128]
const tileOf = (count: number, kinds: number): number =>
  Math.min(most, Math.max(least, 2 ** Math.floor(Math.log2(Math.max(1, count / (4 * kinds))))))

/** @param kind_N [N] int64, from 0 to `kinds` - 1; `kinds` for a row that is of none */
export function kindTiles(kind_N: Tensor, kinds: number): KindTiles {
  const count = kind_N.shape[0] as number
  const size = tileOf(count, kinds)
  // So many are enough, however the rows fall to kinds.
  const tiles = Math.floor((count + kinds * (size - 1)) / size)
  const room = tiles * size
  const count_K = slice(countsOf(kind_N, { count, size: kinds + 1 }), 0, 0, kinds)
  const tiles_K = div(add(count_K, integers([size - 1])), integers([size]))
  const [lastTile_K, last_K] = [cumulative(tiles_K), cumulative(count_K)]
  /** From a row's place among the sorted ones to that in its tile. */
  const shift_K = sub(mul(sub(lastTile_K, tiles_K), integers([size])), sub(last_K, count_K))

  const sorted_N = topK(kind_N, count, { smallest: true }).places
  const place_N = add(
    topK(sorted_N, count, { smallest: true }).places,
    concat([shift_K, integers([0])], 0).rows(kind_N),
  )
  const isOfNone_N = equal(kind_N, integers([kinds]))

  const tile_S1 = reshape(integers(Array.from({ length: tiles }, (_, tile) => tile)), [tiles, 1])
  const ended_S = sum(cast(lessOrEqual(lastTile_K, tile_S1), 'int64'), [1])
  const kind_S = where(equal(ended_S, integers([kinds])), integers([kinds - 1]), ended_S)
  const each_ST = reshape(integers(Array.from({ length: room }, (_, place) => place)), [tiles, size])
  const among_ST = sub(each_ST, reshape(shift_K.rows(kind_S), [tiles, 1]))
  const isTaken_ST = greater(reshape(last_K.rows(kind_S), [tiles, 1]), among_ST)
  const row_R = reshape(sorted_N.rows(where(isTaken_ST, among_ST, integers([0]))), [room])

  const isTaken_R = reshape(isTaken_ST, [room])
  const toTiles = { inverse: where(isOfNone_N, integers([room]), place_N) }
  const toRows = { inverse: where(isTaken_R, row_R, integers([count])) }
  const known_N = where(isOfNone_N, integers([0]), place_N)
  return {
    tiled: (x) => reshape(rows(x, row_R, toTiles), [tiles, size, -1]),
    ofKinds: (table) => rows(table, kind_S),
    untiled: (y) => rows(reshape(y, [room, -1]), known_N, toRows),
  }
}
