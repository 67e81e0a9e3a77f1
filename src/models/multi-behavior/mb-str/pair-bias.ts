/** @file What the distance of two events adds to the attention of one to the other, by the behaviors of both. */
import { normal } from '../../../nn/init.ts'
import { addAll } from '../../../tensor/elementwise.ts'
import { split } from '../../../tensor/move.ts'
import { integers, parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'

/** Distances told apart, half of them forward. */
const buckets = 32
/** From here on distances are alike. */
const farthest = 40

/**
 * The bucket of a key `distance` places after its query, as T5 has them (Raffel et al., 2020): distances up to 7 have
 * their own, larger ones share, ever more of them; 16 buckets backward, 16 forward.
 */
export function bucketOf(distance: number): number {
  const [side, away] = [buckets / 2, Math.abs(distance)]
  const exact = side / 2
  const shared = exact + Math.floor((Math.log(away / exact) / Math.log(farthest / exact)) * (side - exact))
  return (distance > 0 ? side : 0) + (away < exact ? away : Math.min(side - 1, shared))
}

/** The sizes of a {@link pairBias}. */
interface PairBiasConfig {
  /** K */
  readonly kinds: number
  readonly heads: number
}

/**
 * A bias for each ordered pair of behaviors, head and bucket, normal with deviation 1 at first; parameter `NAME` [32,
 * K K H]. Queries [B, Lq, K] are the last places of the keys [B, L, K]; -> [H, B, Lq, L], or [H, 1, Lq, L] of one
 * behavior.
 */
export function pairBias(name: string, { kinds, heads }: PairBiasConfig) {
  const table = parameter(name, [buckets, kinds * kinds * heads], normal(1))
  return (query_BQK: Tensor, key_BLK: Tensor): Tensor => {
    const [rows, queries] = dims(query_BQK, 3)
    const [, length] = dims(key_BLK, 3)
    const first = length - queries
    const places = Array.from({ length: queries * length }, (_, at) =>
      bucketOf((at % length) - first - Math.floor(at / length)),
    )
    const picture = table
      .rows(integers(places))
      .transpose([1, 0])
      .reshape([kinds * kinds * heads, 1, queries, length])
    if (kinds === 1) return picture
    const pairs = split(
      picture,
      0,
      Array.from({ length: kinds * kinds }, () => heads),
    )
    const each = Array.from({ length: kinds }, () => 1)
    const asking = split(query_BQK, 2, each)
    const asked = split(key_BLK, 2, each).map((own) => own.reshape([rows, 1, length]))
    return addAll(
      asking.map((own, a) => addAll(asked.map((other, c) => (pairs[a * kinds + c] as Tensor).mul(other))).mul(own)),
    )
  }
}
