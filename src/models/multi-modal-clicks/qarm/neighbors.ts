/** @file The nearest items of each item among those that training knows, exact, in blocked products. */
import { concat } from '../../../tensor/move.ts'
import { input, integers, type Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Memory, StageContext } from '../../contract/model.ts'
import { blockScores } from '../../parts/nearest-by-cosine.ts'
import type { AlignedVectors } from './aligned-vectors.ts'

/** The nearest items. */
export interface KnownNeighbors {
  /** Item indices, nearest first, then zeros: [V + 1, k], floats. */
  readonly known: Tensor
  /** `neighbors` [V + 1, k]. */
  readonly memory: Memory
  readonly fit: (context: StageContext) => Promise<void>
}

const name = 'neighbors'

/** (5), by the cosine of all vectors of an item side by side. An item is no neighbor of itself. */
export function knownNeighbors(
  vectors: readonly AlignedVectors[],
  count: number,
  { itemCount }: Pick<CatalogShape, 'itemCount'>,
): KnownNeighbors {
  const shape = [itemCount + 1, count]
  return {
    known: input(name, shape),
    memory: {
      [name]: { shape, rows: 'items', holds: 'items', fresh: 'zero', data: new Float32Array((itemCount + 1) * count) },
    },
    async fit(context) {
      const { memory, data } = context
      const presents = Object.fromEntries(vectors.map((one) => [one.name, one.present]))
      const present = Object.values(await context.evaluate(presents))
      const { itemRow = [] } = data.samples?.vocabulary ?? {}
      const items = Array.from({ length: itemCount }, (_, at) => at + 1).filter((item) =>
        present.some((has) => has[item] === 1),
      )
      const known = items.filter((item) => (itemRow[item] as number) > 1)
      const kept = Math.min(count + 1, known.length)
      const neighbors = memory[name]?.data as Float32Array
      neighbors.fill(0)
      if (kept === 0) return
      const found = await context.evaluate({ places: nearestPlaces(vectors, { items, known, kept }) })
      for (const [row, item] of items.entries()) {
        const places = Array.from(found['places']?.subarray(row * kept, (row + 1) * kept) ?? [], Number)
        const others = places.map((place) => known[place] as number).filter((other) => other !== item)
        neighbors.set(others.slice(0, count), item * count)
      }
    },
  }
}

/** The places of the nearest known items, [items, kept] int64. */
function nearestPlaces(
  vectors: readonly AlignedVectors[],
  { items, known, kept }: { readonly items: readonly number[]; readonly known: readonly number[]; kept: number },
): Tensor {
  const of = (ids: readonly number[]): Tensor =>
    concat(
      vectors.map((one) => one.of(integers(ids))),
      1,
    ).l2Normalize()
  const [rows, among] = [of(items), of(known)]
  const block = Math.max(1, Math.floor(blockScores / known.length))
  const blocks = Array.from({ length: Math.ceil(items.length / block) }, (_, at) =>
    rows
      .slice(0, at * block, Math.min(items.length, (at + 1) * block))
      .matmul(among, { transposeB: true })
      .topK(kept),
  )
  return concat(
    blocks.map(({ places }) => places),
    0,
  )
}
