/**
 * @file Clusters of rows that a model computes, made anew before an epoch: k-means++ chooses the first centers on the
 * host, a few rounds of Lloyd's run in one graph. `clusters.ts` is for vectors that never change, until none moves.
 */
import type { RandomStream } from '../../random/stream.ts'
import { concat } from '../../tensor/move.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { segmentSum } from '../../tensor/segment-sum.ts'
import { dims } from '../../tensor/shape.ts'
import type { StageContext } from '../contract/model.ts'

/** How rows are clustered. */
export interface RowClusters {
  /** k, at most the number of rows. */
  readonly count: number
  /** Lloyd's rounds. */
  readonly passes: number
}

/** Rows [N, D] in k clusters. */
export interface ClusteredRows {
  /** The cluster of each row, [N] in [0, k). */
  readonly members: BigInt64Array
  /** [k, D] */
  readonly centers: Float32Array
}

/** Products of one piece of the rows with all centers: as many as stay small in memory. */
const pieceValues = 2 ** 24

/** Clusters of today's rows. A center that no row is nearest to stays where it is. */
export async function clusterRows(
  rows: Tensor,
  { count, passes }: RowClusters,
  context: Pick<StageContext, 'evaluate' | 'random'>,
): Promise<ClusteredRows> {
  const [size, width] = dims(rows, 2)
  const { values } = await context.evaluate({ values: rows })
  const first = constant(spread(values as Float32Array, { width, count, random: context.random }), [count, width])
  const one = constant(new Float32Array(size).fill(1), [size, 1])
  let centers: Tensor = first
  for (let pass = 0; pass < passes; pass++) {
    const members = nearest(rows, centers)
    const [sums, counts] = [segmentSum(rows, members, count), segmentSum(one, members, count)]
    const filled = counts.greater(0)
    centers = filled.where(sums.div(filled.where(counts, 1)), centers)
  }
  const found = await context.evaluate({ members: nearest(rows, centers), centers })
  return { members: found['members'] as BigInt64Array, centers: found['centers'] as Float32Array }
}

/** The nearest center of each row, [N] int64: |x - c|^2 is least where x c - |c|^2 / 2 is highest. */
export function nearest(rows: Tensor, centers: Tensor): Tensor {
  const [size] = dims(rows, 2)
  const [count] = dims(centers, 2)
  const half = centers.square().sum([1]).mul(0.5)
  const piece = Math.max(1, Math.floor(pieceValues / count))
  const pieces = Array.from({ length: Math.ceil(size / piece) }, (_, at) =>
    rows
      .slice(0, at * piece, Math.min(size, (at + 1) * piece))
      .matmul(centers, { transposeB: true })
      .sub(half)
      .argmax(),
  )
  return concat(pieces, 0)
}

/** k-means++: each next center is a row drawn by its squared distance to the nearest center so far, [k, width]. */
function spread(
  values: Float32Array,
  { width, count, random }: { readonly width: number; readonly count: number; readonly random: RandomStream },
): Float32Array {
  const size = values.length / width
  const centers = new Float32Array(count * width)
  const distances = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
  for (let index = 0, place = random.integer(size); index < count; index++, place = drawn(distances, random)) {
    const center = values.subarray(place * width, (place + 1) * width)
    centers.set(center, index * width)
    for (let row = 0; row < size; row++) {
      let [distance, from] = [0, row * width]
      const nearest = distances[row] as number
      for (let at = 0; at < width && distance < nearest; at++, from++) {
        const apart = (values[from] as number) - (center[at] as number)
        distance += apart * apart
      }
      if (distance < nearest) distances[row] = distance
    }
  }
  return centers
}

/** A place drawn in proportion to its value; the last one where all are 0, as every row is a center then. */
function drawn(values: Float64Array, random: RandomStream): number {
  const left = random.uniform() * values.reduce((sum, value) => sum + value, 0)
  let passed = 0
  const place = values.findIndex((value) => (passed += value) > left)
  return place < 0 ? values.length - 1 : place
}
