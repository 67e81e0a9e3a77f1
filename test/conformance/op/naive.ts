/** @file Operators as plain loops over float64: what the graph's results and gradients are held against. */

/** Numbers in row-major order with their shape. */
export interface NumberArray {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** The array whose element at each index is `element(index)`. */
export function tabulate(shape: readonly number[], element: (index: readonly number[]) => number): NumberArray {
  const index = shape.map(() => 0)
  const values = Array.from({ length: sizeOf(shape) }, () => {
    const value = element(index)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      if (index[axis]! < shape[axis]!) break
      index[axis] = 0
    }
    return value
  })
  return { shape, values }
}

/** The element at an index of a shape to which the array broadcasts. */
export function at({ shape, values }: NumberArray, index: readonly number[]): number {
  const offset = index.length - shape.length
  return values[shape.reduce((flat, size, axis) => flat * size + (size === 1 ? 0 : index[axis + offset]!), 0)]!
}

/** The shape several arrays broadcast to. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  )
}

/** A function of each element of arrays that broadcast. */
export function each(element: (...values: number[]) => number): (...arrays: NumberArray[]) => NumberArray {
  return (...arrays) =>
    tabulate(broadcast(...arrays.map(({ shape }) => shape)), (index) =>
      element(...arrays.map((array) => at(array, index))),
    )
}

/** op(a) @ op(b) * scale. */
export function product(
  a: NumberArray,
  b: NumberArray,
  { transposeA = false, transposeB = false, scale = 1 } = {},
): NumberArray {
  const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!]
  const n = b.shape.at(transposeB ? -2 : -1)!
  return tabulate([...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n], (index) => {
    const [lead, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!]
    let total = 0
    for (let inner = 0; inner < k; inner++)
      total +=
        at(a, [...lead, ...(transposeA ? [inner, row] : [row, inner])]) *
        at(b, [...lead, ...(transposeB ? [column, inner] : [inner, column])])
    return scale * total
  })
}

/** The sum over axes, each kept with size 1. */
export function total(x: NumberArray, axes: readonly number[]): NumberArray {
  const values = new Map<string, number>()
  const kept = (index: readonly number[]): number[] =>
    index.map((position, axis) => (axes.includes(axis) ? 0 : position))
  tabulate(x.shape, (index) => {
    const key = kept(index).join()
    values.set(key, (values.get(key) ?? 0) + at(x, index))
    return 0
  })
  return tabulate(
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    (index) => values.get(index.join())!,
  )
}

/** A shape or an index with another last element. */
export const ending = (indices: readonly number[], last: number): number[] => [...indices.slice(0, -1), last]

/** The same numbers in another shape. */
export const shaped = ({ values }: NumberArray, shape: readonly number[]): NumberArray => ({ shape, values })

/** Each row (the last axis) by a function of the whole row, which may change its length. */
export function rowwise(x: NumberArray, change: (row: number[]) => number[]): NumberArray {
  const width = x.shape.at(-1)!
  const rows = Array.from({ length: x.values.length / width }, (_, row) =>
    change(x.values.slice(row * width, (row + 1) * width)),
  )
  return { shape: [...x.shape.slice(0, -1), rows[0]!.length], values: rows.flat() }
}

/** Softmax of a row. */
export function softmaxRow(row: readonly number[]): number[] {
  const largest = Math.max(...row)
  const powers = row.map((value) => Math.exp(value - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** A row with mean 0 and variance 1. */
export function normalizedRow(row: readonly number[], epsilon = 1e-5): number[] {
  const mean = row.reduce((a, b) => a + b, 0) / row.length
  const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length
  return row.map((value) => (value - mean) / Math.sqrt(variance + epsilon))
}

/** The error function, by its series: exact to 1e-12 for |x| < 4. */
export function erf(x: number): number {
  let [term, sum] = [x, x]
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/** d f / d x by central differences, for every element of every array. */
export function differences(
  f: (arrays: readonly NumberArray[]) => number,
  arrays: readonly NumberArray[],
  step = 1e-4,
): number[][] {
  return arrays.map(({ shape, values }, which) =>
    values.map((value, index) => {
      const moved = (by: number): number => f(arrays.with(which, { shape, values: values.with(index, value + by) }))
      return (moved(step) - moved(-step)) / (2 * step)
    }),
  )
}
