/** @file The numbers behind a model's parameters: first values, gradients, Adam's moments. */
import type { AdamOptions, AdamTarget } from '../optim/adam.ts'
import { adamStep } from '../optim/adam.ts'
import { randomStream } from '../random/stream.ts'
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
      const touched = new Set<number>()
      for (const { ids } of sparse) for (const id of ids) touched.add(Number(id))
      for (const id of touched) buffers.gradient.fill(0, id * width, (id + 1) * width)
      for (const rows of sparse) addRows(buffers.gradient, rows, width)
      for (const id of touched) adamStep(buffers, state.step, options, id * width, (id + 1) * width)
    }
  }
}

function addRows(gradient: Float32Array, { ids, rows }: HostRows, width: number): void {
  for (let row = 0; row < ids.length; row++) {
    const to = Number(ids[row]) * width
    const from = row * width
    for (let at = 0; at < width; at++) gradient[to + at] = (gradient[to + at] as number) + (rows[from + at] as number)
  }
}
