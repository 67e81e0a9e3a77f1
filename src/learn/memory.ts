/** @file How much memory a training run will take, told before it starts. */
import type { Graph } from '../onnx/graph.ts'
import { isLeaf, type Operation, sizeOf, type Tensor } from '../tensor/node.ts'
import { operationsBefore } from '../tensor/order.ts'
import { hasInput } from './fed-rows.ts'
import type { ParameterState } from './parameters.ts'
import type { StepGraph } from './step.ts'

/** Bytes by what holds them. */
export interface MemoryEstimate {
  /** What the process holds already, measured: Node, the dataset, what training learns from, values of parameters. */
  readonly held: number
  /** The runtime's library, and arrays that were dropped and not yet collected. */
  readonly process: number
  /** Gradients of every parameter, and what optimizers remember of it: of the rows that this process holds. */
  readonly parameters: number
  /** The noise that steps read views of. */
  readonly noise: number
  /** Inputs, outputs and inner tensors of every compiled step, each at its peak, since each keeps its arena. */
  readonly steps: number
  /** The compiled graphs of validation, and its scores. */
  readonly validation: number
  readonly total: number
}

const elementBytes = { float32: 4, float64: 8, int64: 8, bool: 1 } as const
const bytesOf = ({ shape, dtype }: Tensor): number => sizeOf(shape) * elementBytes[dtype]

/** Operators the runtime may compute in the memory of an input that nobody reads afterwards. */
const inPlace = new Set([
  'Reshape',
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Exp',
  'Neg',
  'Sqrt',
  'Log',
  'Sigmoid',
  'Tanh',
  'Relu',
  'Sum',
  'ScatterElements',
  'Softmax',
  'Erf',
])

/** The operations that tensors need, where some tensors are given and not computed. */
const operations = (outputs: readonly Tensor[], given: ReadonlySet<Tensor>): Operation[] =>
  operationsBefore(
    outputs.filter((tensor) => !given.has(tensor)),
    ({ aliased, inputs }) => (aliased ?? inputs).filter((x) => x && !given.has(x)),
  )

/**
 * Peak bytes of a graph's inner tensors when each is freed after its last use.
 * @param given tensors that lie in buffers of the caller's, like inputs
 */
export function peakBytes(outputs: readonly Tensor[], given: ReadonlySet<Tensor> = new Set()): number {
  const all = operations(outputs, given)
  const order = all.filter((step) => !step.aliased)
  const resolved = aliases(all)
  const kept = new Set([...outputs, ...given].map(resolved))
  const innerInputs = ({ inputs }: Operation): Tensor[] =>
    inputs.flatMap((x) => {
      const inner = x && resolved(x)
      return inner && !isLeaf(inner) && !given.has(inner) ? [inner] : []
    })
  const uses = new Map<Tensor, number>()
  for (const step of order) for (const x of innerInputs(step)) uses.set(x, (uses.get(x) ?? 0) + 1)
  /** The bytes of the memory a tensor lies in; tensors computed in place share one record. */
  const places = new Map<Tensor, { bytes: number; users: number }>()
  let [held, peak] = [0, 0]
  for (const step of order) {
    const inputs = innerInputs(step)
    const [first] = step.outputs as [Tensor]
    const reused = inPlace.has(step.type)
      ? inputs
          .map((x) => places.get(x))
          .find((place) => place?.users === 1 && place.bytes >= bytesOf(first) && place.bytes > 0)
      : undefined
    for (const output of step.outputs) {
      const place = output === first && reused ? reused : { bytes: kept.has(output) ? 0 : bytesOf(output), users: 0 }
      place.users += uses.get(output) ?? 0
      if (place !== reused && place.users > 0) held += place.bytes
      places.set(output, place)
    }
    peak = Math.max(peak, held)
    for (const x of inputs) {
      const place = places.get(x)
      if (place && --place.users === 0) held -= place.bytes
    }
  }
  return peak
}

/** What an alias stands for, through any number of aliases. */
function aliases(order: readonly Operation[]): (tensor: Tensor) => Tensor {
  const known = new Map<Tensor, Tensor>()
  for (const step of order) {
    for (const [index, output] of step.outputs.entries()) {
      const inner = step.aliased?.[index]
      if (inner) known.set(output, known.get(inner) ?? inner)
    }
  }
  return (tensor) => known.get(tensor) ?? tensor
}

/** What {@link estimateMemory} adds up. */
export interface MemoryParts {
  /** See {@link heldBytes}. */
  readonly held: number
  readonly state: ParameterState
  readonly stages: readonly (readonly StepGraph[])[]
  /** What validation takes. */
  readonly validation: number
}

/** What the process holds at this moment. */
export const heldBytes = (): number => process.memoryUsage.rss()

/** The estimate; what each part is, is said at {@link MemoryEstimate}. */
export function estimateMemory({ held, state, stages, validation }: MemoryParts): MemoryEstimate {
  const sizeOfAll = (arrays: readonly Float32Array[]): number => arrays.reduce((sum, one) => sum + one.byteLength, 0)
  const values = sizeOfAll([...state.buffers.values()].map((buffers) => buffers.values))
  const remembered = sizeOfAll([...state.optimizers.values()].flatMap(({ arrays }) => [...arrays.values()].flat()))
  const parts = {
    held,
    process: libraryBytes + droppedBytes,
    parameters: values + remembered,
    noise: noiseBytes(stages.flat()),
    // A stage's steps are released before the next stage begins.
    steps: Math.max(0, ...stages.map((steps) => steps.reduce((sum, step) => sum + stepBytes(step), 0))),
    validation,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) }
}

/** The runtime's library, which is read when the first graph is compiled, measured. */
export const libraryBytes = 30e6
/** Arrays of a training step that the collector leaves before it looks at them. */
const droppedBytes = 64e6
/** What the arena holds over the peak it was asked for, measured: it grows by doubling and keeps what it has. */
const arenaFactor = 1.15
/** What a compiled graph holds for each of its operations, measured. */
const operationBytes = 5e3

/**
 * Bytes that a compiled graph holds: its arena at the peak, itself, and its outputs.
 * @param shared names of outputs that lie in buffers of the caller's
 */
export function programBytes({ inputs, outputs }: Graph, shared: (output: string) => boolean = () => false): number {
  const given = new Set([...inputs.values()].filter((tensor) => !isLeaf(tensor)))
  const tensors = Object.values(outputs)
  const own = Object.entries(outputs).reduce((sum, [name, tensor]) => sum + (shared(name) ? 0 : bytesOf(tensor)), 0)
  return own + arenaFactor * peakBytes(tensors, given) + operationBytes * operations(tensors, given).length
}

function noiseBytes(steps: readonly StepGraph[]): number {
  const largest = new Map<string, number>()
  for (const { noise } of steps) {
    for (const { kind, rate, tensor } of noise) {
      const pool = `${kind} ${rate}`
      largest.set(pool, Math.max(largest.get(pool) ?? 0, sizeOf(tensor.shape)))
    }
  }
  return [...largest.values()].reduce((sum, size) => sum + 4 * (size + 2 ** 20), 0)
}

/**
 * What a step's program holds, its inputs, and the rows it is fed. Dense gradients are counted with the parameters.
 */
function stepBytes(step: StepGraph): number {
  const inputs = Object.entries(step.inputs).reduce(
    (sum, [name, tensor]) => sum + (hasInput(step, name) ? bytesOf(tensor) : 0),
    0,
  )
  const fed = step.reads.reduce((sum, { rows }) => sum + bytesOf(rows), 0)
  const asking = step.ids ? programBytes(step.ids) : 0
  return inputs + fed + asking + programBytes(step.graph, (name) => name.startsWith('gradient.'))
}
