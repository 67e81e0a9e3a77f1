/** @file The numbers behind a model's parameters: first values, gradients, and what optimizers remember of them. */
import type { Optimizer } from '../optim/optimizer.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'
import { wordsOf } from '../tensor/int64.ts'
import { type Parameter, type Shape, sizeOf } from '../tensor/node.ts'
import { everyRow, type HeldRows, type HostRows, stretchRows } from './held-rows.ts'

/** One parameter's buffers. */
export interface ParameterBuffers {
  /** Of the whole parameter. */
  readonly shape: Shape
  /** Which of its rows are in the buffers: every one, unless ranks hold it together. */
  readonly held: HeldRows
  readonly values: Float32Array
  readonly gradient: Float32Array
}
/** What an optimizer remembers. */
export interface OptimizerState {
  /** Steps it has taken. */
  steps: number
  readonly slots: readonly string[]
  /** Its arrays of each parameter that it has moved, by name. */
  readonly arrays: Map<string, readonly Float32Array[]>
}
/** All parameters by name, the count of steps taken by all objectives, and the state of every optimizer by name. */
export interface ParameterState {
  step: number
  readonly buffers: ReadonlyMap<string, ParameterBuffers>
  readonly optimizers: Map<string, OptimizerState>
}

/**
 * First values: each parameter draws from a stream of its own name, so that adding one changes no other.
 * @param held which rows of a parameter this process holds, by name; all where it is not named
 */
export function initialParameters(
  parameters: readonly Parameter[],
  seed: number,
  held: ReadonlyMap<string, HeldRows> = new Map(),
): ParameterState {
  const buffers = new Map<string, ParameterBuffers>()
  for (const { origin, shape } of parameters) {
    const rows = held.get(origin.name) ?? everyRow
    const size = rows.count(shape[0] ?? 1) * sizeOf(shape.slice(1))
    const made = { shape, held: rows, values: new Float32Array(size), gradient: new Float32Array(size) }
    draw(origin, made, randomStream(seed, 'init', origin.name))
    buffers.set(origin.name, made)
  }
  return { step: 0, buffers, optimizers: new Map() }
}

/** Draws first values. A table of which few rows are here is drawn in stretches: as a whole it may not fit. */
function draw(
  { initializer }: Parameter['origin'],
  { shape, held, values }: ParameterBuffers,
  random: RandomStream,
): void {
  if (!held.elsewhere) return initializer(values, random)
  const [rows, width] = [shape[0] as number, sizeOf(shape.slice(1))]
  for (let first = 0; first < rows; first += stretchRows(width)) {
    const stretch = new Float32Array(Math.min(rows - first, stretchRows(width)) * width)
    initializer(stretch, random)
    held.keep(values, stretch, { first, width })
  }
}

/** Begins with values that are given, by name, in place of those that were drawn. */
export function beginWith({ buffers }: ParameterState, start: ReadonlyMap<string, Float32Array>): void {
  for (const [name, whole] of start) {
    const { shape, held, values } = buffers.get(name) ?? {}
    if (shape && held && values) held.keep(values, whole, { first: 0, width: sizeOf(shape.slice(1)) })
  }
}

/** Lets some parameters begin anew, otherwise for each epoch, and all optimizers forget what they remember. */
export function restart({ buffers, optimizers }: ParameterState, { parameters, using, seed, epoch }: Restart): void {
  for (const { origin } of parameters) {
    const anew = buffers.get(origin.name) as ParameterBuffers
    anew.values.fill(0)
    draw(origin, anew, randomStream(seed, 'init', origin.name, epoch))
  }
  for (const optimizer of using) {
    const state = optimizers.get(optimizer.name) as OptimizerState
    state.steps = 0
    for (const arrays of state.arrays.values())
      for (const [slot, first] of optimizer.init(arrays[0]?.length ?? 0).entries()) arrays[slot]?.set(first)
  }
}
/** Who begins anew. */
interface Restart {
  readonly parameters: readonly Parameter[]
  readonly using: readonly Optimizer[]
  readonly seed: number
  readonly epoch: number
}

/** The values of all parameters, by name: the buffers themselves, which change while training. */
export const valuesOf = ({ buffers }: ParameterState): ReadonlyMap<string, Float32Array> =>
  new Map([...buffers].map(([name, { values }]) => [name, values]))

/** What an optimizer remembers; made when it is first used. */
function optimizerState({ optimizers }: ParameterState, { name, slots }: Optimizer): OptimizerState {
  const state = optimizers.get(name) ?? { steps: 0, slots, arrays: new Map<string, readonly Float32Array[]>() }
  optimizers.set(name, state)
  return state
}

/** Makes the arrays of the parameters that an optimizer will move, so that a checkpoint can be read into them. */
export function prepareOptimizer(state: ParameterState, optimizer: Optimizer, names: Iterable<string>): void {
  const { arrays } = optimizerState(state, optimizer)
  for (const name of names) {
    const { values } = state.buffers.get(name) as ParameterBuffers
    if (!arrays.has(name)) arrays.set(name, optimizer.init(values.length))
  }
}

/** How one parameter's gradient arrives: dense in its gradient buffer, as rows, or both. */
export interface GradientParts {
  readonly name: string
  readonly dense: boolean
  readonly sparse: readonly HostRows[]
}

/** A parameter's whole gradient in its buffer, and which stretches of it are not zero. */
interface Gathered {
  readonly name: string
  readonly buffers: ParameterBuffers
  readonly width: number
  /** Rows that have a gradient; all where there is none of these. */
  readonly rows: Int32Array | undefined
}

/**
 * Adds the sparse rows to the gradients and takes one step of the optimizer; tables with sparse rows only are updated
 * where touched
 * (lazy updates).
 * @param epoch of the whole training, from 1, for rates that follow it
 */
export function applyGradients(
  state: ParameterState,
  parts: readonly GradientParts[],
  optimizer: Optimizer,
  learningRate: number,
  epoch = 1,
): void {
  state.step++
  const remembered = optimizerState(state, optimizer)
  remembered.steps++
  prepareOptimizer(
    state,
    optimizer,
    parts.map(({ name }) => name),
  )
  const gather = (part: GradientParts): Gathered => penalized(gathered(state, part), optimizer.rowPenalty)
  if (optimizer.clipNorm !== undefined) clip(parts.map(gather), optimizer.clipNorm, step)
  else for (const part of parts) step(gather(part))

  function step({ name, buffers, width, rows }: Gathered): void {
    const { values, gradient } = buffers
    const target = { values, gradient, state: remembered.arrays.get(name) as readonly Float32Array[] }
    const rate = (optimizer.learningRate ?? learningRate) * (optimizer.rateOf?.(name, epoch) ?? 1)
    if (!rows) return optimizer.update(target, remembered.steps, rate, 0, values.length)
    // Rows that follow each other go together: a call costs as much as some numbers do.
    for (let first = 0, after = 0; first < rows.length; first = after) {
      for (after = first + 1; rows[after] === (rows[first] as number) + after - first; ) after++
      const begin = (rows[first] as number) * width
      optimizer.update(target, remembered.steps, rate, begin, begin + (after - first) * width)
    }
  }
}

function gathered({ buffers: all }: ParameterState, { name, dense, sparse }: GradientParts): Gathered {
  const buffers = all.get(name) as ParameterBuffers
  const width = sizeOf(buffers.shape.slice(1))
  if (!dense) {
    const rows = sumRows(buffers.gradient, sparse, { width, tableRows: buffers.values.length / width })
    return { name, buffers, width, rows }
  }
  for (const rows of sparse) addRows(buffers.gradient, rows, width)
  return { name, buffers, width, rows: undefined }
}

/**
 * Adds the gradient of an L2 penalty to the rows that a step read; those of no other row change, so that updates stay
 * lazy, as DIN's regularization of mini-batches has it (Zhou et al., KDD 2018, section 5.1), without its counts.
 */
function penalized(one: Gathered, weight = 0): Gathered {
  const { buffers, width, rows } = one
  if (weight === 0 || !rows) return one
  const { values, gradient } = buffers
  for (const row of rows)
    for (let at = row * width; at < (row + 1) * width; at++)
      gradient[at] = (gradient[at] as number) + weight * (values[at] as number)
  return one
}

/**
 * Scales gradients down to a length, all parameters together, before a step over each of them (Pascanu et al., ICML
 * 2013).
 */
function clip(all: readonly Gathered[], most: number, step: (one: Gathered) => void): void {
  let squares = 0
  const each = (visit: (gradient: Float32Array, begin: number, end: number) => void): void => {
    for (const { buffers, width, rows } of all) {
      if (!rows) visit(buffers.gradient, 0, buffers.gradient.length)
      else for (const row of rows) visit(buffers.gradient, row * width, (row + 1) * width)
    }
  }
  each((gradient, begin, end) => {
    for (let at = begin; at < end; at++) squares += (gradient[at] as number) ** 2
  })
  const length = Math.sqrt(squares)
  if (length > most) {
    each((gradient, begin, end) => {
      for (let at = begin; at < end; at++) gradient[at] = ((gradient[at] as number) * most) / length
    })
  }
  for (const one of all) step(one)
}

/**
 * Sets the gradient of every row that has one to the sum of its parts; returns these rows in the order of the table,
 * which memory is fastest in.
 */
export function sumRows(
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
      if (seen[id] === 1) addRow(gradient, to, rows, from, width)
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

/** Adds rows to the gradient of a whole table. */
export function addRows(gradient: Float32Array, { ids, rows }: HostRows, width: number): void {
  const numbers = wordsOf(ids)
  for (let row = 0; row < ids.length; row++)
    addRow(gradient, (numbers[2 * row] as number) * width, rows, row * width, width)
}

/** Four numbers a round, which takes two thirds of the time that one by one takes. */
function addRow(gradient: Float32Array, to: number, rows: Float32Array, from: number, width: number): void {
  let at = 0
  for (; at + 4 <= width; at += 4) {
    const a = to + at
    const b = from + at
    gradient[a] = (gradient[a] as number) + (rows[b] as number)
    gradient[a + 1] = (gradient[a + 1] as number) + (rows[b + 1] as number)
    gradient[a + 2] = (gradient[a + 2] as number) + (rows[b + 2] as number)
    gradient[a + 3] = (gradient[a + 3] as number) + (rows[b + 3] as number)
  }
  for (; at < width; at++) gradient[to + at] = (gradient[to + at] as number) + (rows[from + at] as number)
}
