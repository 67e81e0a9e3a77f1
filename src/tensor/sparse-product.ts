/**
 * @file A constant sparse matrix times a tensor: rows of similar length are grouped, each group a gather and a
 * product, so nothing is scattered.
 */
import { Bug } from '../errors.ts'
import { mul } from './elementwise.ts'
import { matmul } from './linear.ts'
import { concat, reshape, slice } from './move.ts'
import { input, type Shape, type Tensor, withGradient } from './node.ts'
import { take } from './primitives.ts'
import { dims } from './shape.ts'

/** A sparse matrix by rows: row r has the entries [start[r], start[r + 1]) of the other two arrays. */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  /** [rows + 1] */
  readonly start: Int32Array
  readonly column: Int32Array
  readonly value: Float32Array
}

/** An array with its shape, as files hold it. */
export interface LayoutTensor {
  readonly shape: Shape
  readonly data: Float32Array | BigInt64Array
}

/** Columns as rows; the entries of each row are in the order of the columns. */
export function transposed(matrix: SparseMatrix): SparseMatrix {
  const { entry, ...turned } = turnedPattern(matrix)
  return { ...turned, value: Float32Array.from(entry, (from) => matrix.value[from] as number) }
}

/** Where a matrix has entries, whatever their values. */
export type Pattern = Omit<SparseMatrix, 'value'>

/** Columns as rows, and which entry of the matrix each entry was. */
export function turnedPattern({ rows, columns, start, column }: Pattern): Pattern & { readonly entry: Int32Array } {
  const ends = new Int32Array(columns + 1)
  for (const at of column) ends[at + 1] = (ends[at + 1] as number) + 1
  for (let at = 1; at <= columns; at++) ends[at] = (ends[at] as number) + (ends[at - 1] as number)
  const next = ends.slice()
  const turned = { column: new Int32Array(column.length), entry: new Int32Array(column.length) }
  for (let row = 0; row < rows; row++) {
    for (let from = start[row] as number; from < (start[row + 1] as number); from++) {
      const to = next[column[from] as number] as number
      turned.column[to] = row
      turned.entry[to] = from
      next[column[from] as number] = to + 1
    }
  }
  return { rows: columns, columns: rows, start: ends, ...turned }
}

/**
 * The inputs {@link sparseProduct} reads, by name: NAME.forward of the matrix and NAME.backward of its transpose, each
 * in groups of rows padded to the longest of them with zero weights, NAME.forward.0.ids [R0, W0] and .weights [R0, 1,
 * W0], and NAME.forward.order [rows], where each row is among the groups' rows (left out where it is the same). Widths
 * at most double within a group: so does the padding.
 */
export function sparseLayout(name: string, matrix: SparseMatrix): Record<string, LayoutTensor> {
  return { ...weighted(`${name}.forward`, matrix), ...weighted(`${name}.backward`, transposed(matrix)) }
}

const weighted = (name: string, matrix: SparseMatrix): Record<string, LayoutTensor> =>
  grouped(name, matrix, (part, places, [rows, width]) => ({
    [`${part}.weights`]: { shape: [rows, 1, width], data: Float32Array.from(places, (at) => matrix.value[at] ?? 0) },
  }))

/**
 * The ids of each group, and the order of rows.
 * @param beside what else a group has, by the places of its entries in the matrix, -1 for what only fills up: [R0, W0]
 */
export function grouped(
  name: string,
  matrix: Pattern,
  beside: (part: string, places: Int32Array, sizes: readonly [number, number]) => Record<string, LayoutTensor>,
): Record<string, LayoutTensor> {
  const layout: Record<string, LayoutTensor> = {}
  const order = new BigInt64Array(matrix.rows)
  let placed = 0
  for (const [index, rows] of rowGroups(matrix).entries()) {
    for (const [at, row] of rows.entries()) order[row] = BigInt(placed + at)
    placed += rows.length
    const { ids, places, width } = padded(matrix, rows)
    const part = `${name}.${index}`
    layout[`${part}.ids`] = { shape: [rows.length, width], data: ids }
    Object.assign(layout, beside(part, places, [rows.length, width]))
  }
  const kept = order.every((at, row) => at === BigInt(row))
  return kept ? layout : { ...layout, [`${name}.order`]: { shape: [order.length], data: order } }
}

/** Rows by the power of two their length reaches, shortest first; an empty row counts as one entry of weight zero. */
function rowGroups({ rows, start }: Pattern): number[][] {
  const groups: number[][] = []
  for (let row = 0; row < rows; row++) {
    const length = Math.max(1, (start[row + 1] as number) - (start[row] as number))
    const group = Math.ceil(Math.log2(length))
    const members = groups[group] ?? []
    groups[group] = members
    members.push(row)
  }
  return groups.filter((group) => group !== undefined)
}

/** Columns of the rows' entries and their places in the matrix, -1 for what only fills up: [rows, width] both. */
function padded(
  { start, column }: Pattern,
  rows: readonly number[],
): { ids: BigInt64Array; places: Int32Array; width: number } {
  const width = rows.reduce((widest, row) => Math.max(widest, (start[row + 1] as number) - (start[row] as number)), 1)
  const ids = new BigInt64Array(rows.length * width)
  const places = new Int32Array(rows.length * width).fill(-1)
  for (const [index, row] of rows.entries()) {
    const [from, to] = [start[row] as number, start[row + 1] as number]
    for (let at = from; at < to; at++) {
      ids[index * width + at - from] = BigInt(column[at] as number)
      places[index * width + at - from] = at
    }
  }
  return { ids, places, width }
}

/** Elements gathered at a time: few enough to stay in a processor's cache between the gather and the product. */
const gatheredValues = 2 ** 19

export interface Group {
  readonly ids: Tensor
  readonly weights: Tensor
}

/** Products with one matrix, each with its exact gradient, which is the other's product. */
export interface SparseProducts {
  /** A [R, V] times x [V, D] -> [R, D]. */
  readonly times: (x: Tensor) => Tensor
  /** A^T [V, R] times x [R, D] -> [V, D]. */
  readonly transposed: (x: Tensor) => Tensor
}

/**
 * Multiplies by a matrix laid out by {@link sparseLayout}, and by its transpose. Called once for a matrix, it declares
 * the inputs of that name; what it returns may be used often. A layout that is served and not trained may lack the
 * transpose.
 * @throws Bug when the layout has no such matrix
 */
export function sparseProducts(
  name: string,
  layout: Readonly<Record<string, { readonly shape: Shape }>>,
): SparseProducts {
  const isTrained = `${name}.backward.0.ids` in layout
  const forward = declared(`${name}.forward`, layout)
  return mutual(forward, isTrained ? declared(`${name}.backward`, layout) : () => untrained(name))
}

function untrained(name: string): never {
  throw new Bug(`the layout of the matrix "${name}" has no transpose, so it is served and not trained`)
}

/** The products that two maps are, one the transpose of the other. */
export function mutual(forward: (x: Tensor) => Tensor, backward: (x: Tensor) => Tensor): SparseProducts {
  // The gradient of a gradient is asked for where a step of descent is part of a graph.
  const times = (x: Tensor): Tensor => withGradient(forward(x), [x], (g) => [transposed(g)])
  const transposed = (x: Tensor): Tensor => withGradient(backward(x), [x], (g) => [times(g)])
  return { times, transposed }
}

/** A [R, V] times x [V, D] alone; see {@link sparseProducts}. */
export const sparseProduct = (...matrix: Parameters<typeof sparseProducts>): ((x: Tensor) => Tensor) =>
  sparseProducts(...matrix).times

function declared(name: string, layout: Readonly<Record<string, { readonly shape: Shape }>>): (x: Tensor) => Tensor {
  const { groups, order } = declaredGroups(name, layout, (part, [rows, width]) =>
    input(`${part}.weights`, [rows, 1, width]),
  )
  return productOf(groups, order)
}

/** The inputs of a matrix. @param weightsOf declares what stands beside the ids of a group @throws Bug for no group */
export function declaredGroups(
  name: string,
  layout: Readonly<Record<string, { readonly shape: Shape }>>,
  weightsOf: (part: string, sizes: readonly [number, number]) => Tensor,
): { readonly groups: readonly Group[]; readonly order: Tensor | undefined } {
  const groups: Group[] = []
  for (let ids = layout[`${name}.0.ids`]; ids; ids = layout[`${name}.${groups.length}.ids`]) {
    const part = `${name}.${groups.length}`
    groups.push({ ids: input(`${part}.ids`, ids.shape, 'int64'), weights: weightsOf(part, dims(ids, 2)) })
  }
  if (groups.length === 0) throw new Bug(`the layout has no matrix "${name}"`)
  const known = layout[`${name}.order`]
  return { groups, order: known && input(`${name}.order`, known.shape, 'int64') }
}

/** The product of all rows. @param order where each row is among those of the groups; the same place by default */
export function productOf(groups: readonly Group[], order: Tensor | undefined): (x: Tensor) => Tensor {
  return (x) => {
    const rows = concat(
      groups.flatMap((group) => groupProduct(group, x)),
      0,
    )
    return order ? take(rows, order) : rows
  }
}

/** The products of a group's rows, in slices: what is gathered is never whole in memory. */
function groupProduct({ ids, weights }: Group, x: Tensor): Tensor[] {
  const [rows, width] = dims(ids, 2)
  const [, size] = dims(x, 2)
  const slices = Math.min(rows, Math.ceil((rows * width * size) / gatheredValues))
  const step = Math.ceil(rows / slices)
  return Array.from({ length: Math.ceil(rows / step) }, (_, index) => {
    const [from, to] = [index * step, Math.min(rows, (index + 1) * step)]
    const [weight, gathered] = [slice(weights, 0, from, to), take(x, slice(ids, 0, from, to))]
    // A product of single numbers is one for each row, and each costs more than what it multiplies.
    if (width === 1) return mul(reshape(gathered, [to - from, size]), reshape(weight, [to - from, 1]))
    return reshape(matmul(weight, gathered), [to - from, size])
  })
}
