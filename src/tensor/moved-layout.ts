/** @file The layout of a sparse matrix whose rows and columns have other numbers, where some are new and some gone. */
import { Bug } from '../errors.ts'
import { wordsOf } from './int64.ts'
import type { LayoutTensor } from './sparse-product.ts'

/** Where rows and columns went. */
export interface MovedMatrix {
  /** For each later row the row that it was; 0 for those that are new, which read what row 0 reads. */
  readonly rows: Int32Array
  /** For each column that there was its later number; 0 for those that are gone, which count nothing. */
  readonly columns: Int32Array
  /** Whether a row's weights, where columns of it are gone, are scaled so that their sum stays; false by default. */
  readonly keepsSums?: boolean
  /** Later rows that have entries of their own: later columns, and the weight of each. */
  readonly added?: ReadonlyMap<number, readonly (readonly [column: number, weight: number])[]>
}

type Layout = Readonly<Record<string, LayoutTensor>>

/**
 * One direction of a layout of `sparseLayout` or `edgeLayout`, such as `NAME.forward`: what is read of rows and columns
 * that there were, stays, whatever their numbers. Entries keep their places, so that it takes a pass over them and no
 * more.
 * @throws Bug for a layout without this part
 */
export function movedLayout(part: string, layout: Layout, moved: MovedMatrix): Record<string, LayoutTensor> {
  const laid: Record<string, LayoutTensor> = {}
  let [groups, placed] = [0, 0]
  for (let ids = layout[`${part}.0.ids`]; ids; ids = layout[`${part}.${groups}.ids`]) {
    Object.assign(laid, movedGroup(`${part}.${groups}`, layout, moved))
    placed += ids.shape[0] as number
    groups++
  }
  if (groups === 0) throw new Bug(`the layout has no matrix "${part}"`)
  const before = layout[`${part}.order`]?.data as BigInt64Array | undefined
  const order = BigInt64Array.from(moved.rows, (row) => before?.[row] ?? BigInt(row))
  const added = [...(moved.added ?? [])]
  for (const [at, [row]] of added.entries()) order[row] = BigInt(placed + at)
  if (added.length > 0)
    Object.assign(
      laid,
      addedGroup(
        `${part}.${groups}`,
        added.map(([, entries]) => entries),
      ),
    )
  return { ...laid, [`${part}.order`]: { shape: [order.length], data: order } }
}

/** A group of rows, which stay where they are, with the later numbers of its columns: `.ids`, and what is beside it. */
export function movedGroup(
  group: string,
  layout: Layout,
  { columns, keepsSums }: Omit<MovedMatrix, 'rows'>,
): Record<string, LayoutTensor> {
  const { shape, data } = layout[`${group}.ids`] as LayoutTensor & { data: BigInt64Array }
  const ids = data.slice()
  const words = wordsOf(ids)
  const gone: number[] = []
  for (let at = 0; at < ids.length; at++) {
    const column = words[2 * at] as number
    const later = columns[column] as number
    if (column > 0 && later === 0) gone.push(at)
    words[2 * at] = later
  }
  const [name, beside] = ['weights', 'edges'].flatMap((what) => {
    const found = layout[`${group}.${what}`]
    return found ? [`${group}.${what}`, found] : []
  }) as [string, LayoutTensor]
  const left = beside.data.slice()
  for (const at of gone) left[at] = left instanceof BigInt64Array ? 0n : 0
  if (keepsSums && left instanceof Float32Array)
    scaleRows(left, beside.data as Float32Array, { gone, width: shape[1] as number })
  return { [`${group}.ids`]: { shape, data: ids }, [name]: { shape: beside.shape, data: left } }
}

/** Scales the rows that lost something to the sums they had; one that lost everything stays empty. */
function scaleRows(
  left: Float32Array,
  before: Float32Array,
  { gone, width }: { readonly gone: readonly number[]; readonly width: number },
): void {
  const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0)
  for (const row of new Set(gone.map((at) => Math.floor(at / width)))) {
    const own = left.subarray(row * width, (row + 1) * width)
    const sum = sumOf(own)
    if (sum === 0) continue
    const scale = sumOf(before.subarray(row * width, (row + 1) * width)) / sum
    for (const [at, value] of own.entries()) own[at] = value * scale
  }
}

/** Rows of weights, padded to the longest. */
function addedGroup(
  group: string,
  rows: readonly (readonly (readonly [number, number])[])[],
): Record<string, LayoutTensor> {
  const width = rows.reduce((widest, { length }) => Math.max(widest, length), 1)
  const ids = new BigInt64Array(rows.length * width)
  const weights = new Float32Array(rows.length * width)
  for (const [row, entries] of rows.entries()) {
    for (const [at, [column, weight]] of entries.entries()) {
      ids[row * width + at] = BigInt(column)
      weights[row * width + at] = weight
    }
  }
  return {
    [`${group}.ids`]: { shape: [rows.length, width], data: ids },
    [`${group}.weights`]: { shape: [rows.length, 1, width], data: weights },
  }
}
