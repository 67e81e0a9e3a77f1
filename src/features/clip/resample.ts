/**
 * @file Resizes pictures as PIL does, bit by bit: its weights in fixed point, first along the rows and then down the
 * columns, rounded to bytes in between. CLIP's pictures were made so, and a resizing of another kind moves its vectors.
 */
import type { Pixels } from '../picture-file.ts'

/** How much a point at a distance counts, and how far one counts at all. */
interface Filter {
  readonly support: number
  weight(distance: number): number
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

/** Filters by PIL's numbers. */
export const filters: Readonly<Record<number, Filter>> = {
  1: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  2: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic with a = -1/2.
  3: {
    support: 2,
    weight(x) {
      const far = Math.abs(x)
      if (far < 1) return (1.5 * far - 2.5) * far * far + 1
      return far < 2 ? ((-0.5 * far + 2.5) * far - 4) * far + 2 : 0
    },
  },
}

/** A part of one side of the resized picture. */
export interface Span {
  /** The length of the whole side. */
  readonly length: number
  /** Where the part begins, and how long it is. */
  readonly start: number
  readonly count: number
}

/** PIL keeps weights as whole multiples of 2^-22, so that sums of bytes stay within 32 bits. */
const precision = 22
const half = 1 << (precision - 1)

/** The weights of one resized point: those of the points from `from` on. */
interface Taps {
  readonly from: number
  readonly weights: Int32Array
}

/** The weights for each point of a span. When shrinking, the filter is as much wider as the picture becomes smaller. */
function tapsOf(length: number, span: Span, filter: Filter): Taps[] {
  const scale = length / span.length
  const widening = Math.max(1, scale)
  const reach = filter.support * widening
  return Array.from({ length: span.count }, (_, at) => {
    const center = (span.start + at + 0.5) * scale
    const from = Math.max(0, Math.trunc(center - reach + 0.5))
    const to = Math.min(length, Math.trunc(center + reach + 0.5))
    const exact = Float64Array.from({ length: to - from }, (_, tap) =>
      filter.weight((from + tap - center + 0.5) * (1 / widening)),
    )
    const total = exact.reduce((sum, weight) => sum + weight, 0)
    const weights = Int32Array.from(exact, (weight) => {
      const scaled = (weight / total) * 2 ** precision
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    })
    return { from, weights }
  })
}

/** The part of a resized picture where the two spans cross. */
export function resample({ data, width, height }: Pixels, across: Span, down: Span, filter: Filter): Pixels {
  const columns = tapsOf(width, across, filter)
  const rows = tapsOf(height, down, filter)
  // Rows that no resized point reads are not made.
  const first = Math.min(...rows.map(({ from }) => from))
  const last = Math.max(...rows.map(({ from, weights }) => from + weights.length))
  const part = data.subarray(first * width * 3, last * width * 3)
  const narrowed =
    across.length === width
      ? columnsOf(part, width, last - first, across)
      : alongRows(part, width, last - first, columns)
  const stride = across.count * 3
  const result =
    down.length === height
      ? narrowed.slice((down.start - first) * stride, (down.start - first + down.count) * stride)
      : downColumns(
          narrowed,
          stride,
          rows.map(({ from, weights }) => ({ from: from - first, weights })),
        )
  return { width: across.count, height: down.count, data: result }
}

/** A part of the columns, unchanged. */
function columnsOf(data: Uint8Array, width: number, height: number, { start, count }: Span): Uint8Array {
  if (count === width) return data
  const part = new Uint8Array(height * count * 3)
  for (let row = 0; row < height; row++)
    part.set(data.subarray((row * width + start) * 3, (row * width + start + count) * 3), row * count * 3)
  return part
}

function alongRows(data: Uint8Array, width: number, height: number, columns: readonly Taps[]): Uint8Array {
  const result = new Uint8Array(height * columns.length * 3)
  for (let row = 0, to = 0; row < height; row++) {
    for (const { from, weights } of columns) {
      let [red, green, blue] = [half, half, half]
      for (let tap = 0, at = (row * width + from) * 3; tap < weights.length; tap++, at += 3) {
        const weight = weights[tap] as number
        red = (red + Math.imul(weight, data[at] as number)) | 0
        green = (green + Math.imul(weight, data[at + 1] as number)) | 0
        blue = (blue + Math.imul(weight, data[at + 2] as number)) | 0
      }
      result[to++] = byteOf(red)
      result[to++] = byteOf(green)
      result[to++] = byteOf(blue)
    }
  }
  return result
}

/** Down every column of bytes; `stride` bytes are a row. */
function downColumns(data: Uint8Array, stride: number, rows: readonly Taps[]): Uint8Array {
  const result = new Uint8Array(rows.length * stride)
  const sums = new Int32Array(stride)
  for (const [row, { from, weights }] of rows.entries()) {
    sums.fill(half)
    for (const [tap, weight] of weights.entries()) {
      const begin = (from + tap) * stride
      for (let at = 0; at < stride; at++)
        sums[at] = (sums[at] as number) + Math.imul(weight, data[begin + at] as number)
    }
    for (let at = 0; at < stride; at++) result[row * stride + at] = byteOf(sums[at] as number)
  }
  return result
}

const byteOf = (sum: number): number => Math.max(0, Math.min(255, sum >> precision))
