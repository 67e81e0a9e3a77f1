/** @file The numbers behind a model's parameters: first values, gradients, Adam's moments. */
import type { AdamOptions, AdamTarget } from '../optim/adam.ts'
import { adamStep } from '../optim/adam.ts'
import { randomStream } from '../random/stream.ts'
import { wordsOf } from '../tensor/int64.ts'
import { type Parameter, type Shape, sizeOf } from '../tensor/node.ts'

/** One parameter's buffers. */
export interface ParameterBuffers extends AdamTarget {
  readonly shape: Shape
}
/** All parameters by name, and the count of steps taken. */
export interface ParameterState {
  step: number
  readonly buffers: ReadonlyMap<string, ParameterBuffers>
}

/** First values: each parameter draws from a stream of its own name, so that adding one changes no other. */
export function initialParameters(parameters: readonly Parameter[], seed: number): ParameterState {
  const buffers = new Map<string, ParameterBuffers>()
  for (const { origin, shape } of parameters) {
    const size = sizeOf(shape)
    const make = (): Float32Array => new Float32Array(size)
    const values = make()
    origin.initializer(values, randomStream(seed, 'init', origin.name))
    buffers.set(origin.name, { shape, values, gradient: make(), first: make(), second: make() })
  }
  return { step: 0, buffers }
}

/** Rows of a sparse gradient, as a program wrote them. */
export interface HostRows {
  readonly ids: BigInt64Array
  readonly rows: Float32Array
}
/** How one parameter's gradient arrives: dense in its gradient buffer, as rows, or both. */
export interface GradientParts {
  readonly name: string
  readonly dense: boolean
  readonly sparse: readonly HostRows[]
}

/** Adds the sparse rows to the gradients and takes one Adam step; tables with sparse rows only are updated where touched (lazy Adam). */
export function applyGradients(state: ParameterState, parts: readonly GradientParts[], options: AdamOptions): void {
  state.step++
  for (const { name, dense, sparse } of parts) {
    const buffers = state.buffers.get(name) as ParameterBuffers
    const width = sizeOf(buffers.shape.slice(1))
    if (dense) {
      for (const rows of sparse) addRows(buffers.gradient, rows, width)
      adamStep(buffers, state.step, options)
    } else {
      const touched = sumRows(buffers.gradient, sparse, { width, tableRows: buffers.shape[0] as number })
      for (const row of touched) adamStep(buffers, state.step, options, row * width, (row + 1) * width)
    }
  }
}

/** Sets the gradient of every row that has one to the sum of its parts; returns these rows in the order of the table, which memory is fastest in. */
function sumRows(
  gradient: Float32Array,
  sparse: readonly HostRows[],
  { width, tableRows }: { width: number; tableRows: number },
): Int32Array {
  const seen = new Uint8Array(tableRows)
  let count = 0
  for (const { ids, rows } of sparse) {
    const numbers = wordsOf(ids)
    for (let row = 0; row < ids.length; row++) {
      const id = numbers[2 * row] as number
      const to = id * width
      const from = row * width
      if (seen[id] === 1)
        for (let at = 0; at < width; at++)
          gradient[to + at] = (gradient[to + at] as number) + (rows[from + at] as number)
      else {
        for (let at = 0; at < width; at++) gradient[to + at] = rows[from + at] as number
        seen[id] = 1
        count++
      }
    }
  }
  const touched = new Int32Array(count)
  for (let row = 0, at = 0; at < count; row++) if (seen[row] === 1) touched[at++] = row
  return touched
}

function addRows(gradient: Float32Array, { ids, rows }: HostRows, width: number): void {
  const numbers = wordsOf(ids)
  for (let row = 0; row < ids.length; row++) {
    const to = (numbers[2 * row] as number) * width
    const from = row * width
    for (let at = 0; at < width; at++) gradient[to + at] = (gradient[to + at] as number) + (rows[from + at] as number)
  }
}
