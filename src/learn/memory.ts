/** @file How much memory a training run will take, told before it starts. */
import type { Dataset } from '../dataset/schema.ts'
import { operationsOf } from '../onnx/graph.ts'
import { isLeaf, type Operation, sizeOf, type Tensor } from '../tensor/node.ts'
import type { ParameterState } from './parameters.ts'
import type { StepGraph } from './step.ts'

/** Bytes by what holds them. */
export interface MemoryEstimate {
  /** Node with its libraries and the runtime. */
  readonly process: number
  /** Events, titles, features. */
  readonly dataset: number
  /** Values, gradients and two moments of every parameter. */
  readonly parameters: number
  /** The noise that steps read views of. */
  readonly noise: number
  /** Inputs, outputs and inner tensors of every compiled step, each at its peak, since each keeps its arena. */
  readonly steps: number
  /** Encodings and scores of validation. */
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

/** Peak bytes of a graph's inner tensors when each is freed after its last use. */
export function peakBytes(outputs: readonly Tensor[]): number {
  const order = operationsOf(outputs).filter((step) => !step.aliased)
  const resolved = aliases(outputs)
  const kept = new Set(outputs.map(resolved))
  const uses = new Map<Tensor, number>()
  for (const step of order) for (const x of innerInputs(step, resolved)) uses.set(x, (uses.get(x) ?? 0) + 1)
  /** The bytes of the memory a tensor lies in; tensors computed in place share one record. */
  const places = new Map<Tensor, { bytes: number; users: number }>()
  let [held, peak] = [0, 0]
  for (const step of order) {
    const inputs = innerInputs(step, resolved)
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

const innerInputs = ({ inputs }: Operation, resolved: (tensor: Tensor) => Tensor): Tensor[] =>
  inputs.flatMap((x) => {
    const inner = x && resolved(x)
    return inner && !isLeaf(inner) ? [inner] : []
  })

/** What an alias stands for, through any number of aliases. */
function aliases(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const known = new Map<Tensor, Tensor>()
  for (const step of operationsOf(outputs)) {
    for (const [index, output] of step.outputs.entries()) {
      const inner = step.aliased?.[index]
      if (inner) known.set(output, known.get(inner) ?? inner)
    }
  }
  return (tensor) => known.get(tensor) ?? tensor
}

/** What {@link estimateMemory} adds up. */
export interface MemoryParts {
  readonly dataset: Dataset
  readonly state: ParameterState
  readonly stages: readonly (readonly StepGraph[])[]
  /** What validation holds; see {@link servingBytes}. */
  readonly validation: number
}

/** The estimate; what each part is, is said at {@link MemoryEstimate}. */
export function estimateMemory({ dataset, state, stages, validation }: MemoryParts): MemoryEstimate {
  const { events, features, catalog, userIds } = dataset
  const vectors = Object.values(features).reduce((sum, { vectors }) => sum + vectors.byteLength, 0)
  const columns = [events.user, events.item, events.behavior, events.time, events.role, events.start]
  const strings = [...catalog.ids, ...catalog.titles, ...userIds].reduce((sum, text) => sum + 32 + text.length, 0)
  const datasetBytes = columns.reduce((sum, column) => sum + column.byteLength, 0) * 2 + vectors + strings
  const parameters = [...state.buffers.values()].reduce((sum, { values }) => sum + 4 * values.byteLength, 0)
  const parts = {
    process: processBytes,
    dataset: datasetBytes,
    parameters,
    noise: noiseBytes(stages.flat()),
    // A stage's steps are released before the next stage begins.
    steps: Math.max(0, ...stages.map((steps) => steps.reduce((sum, step) => sum + stepBytes(step), 0))),
    validation,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) }
}

/** Node, its libraries, the runtime and what the collector leaves lying about, measured on a run of nearly no data. */
const processBytes = 270e6
/** What the arena holds over the peak it was asked for, measured: it grows by doubling and keeps what it has. */
const arenaFactor = 1.15

/** Bytes of graphs that serve: `once` is computed once and kept, `outputs` for each batch. */
export function servingBytes(outputs: readonly Tensor[], once: readonly Tensor[] = []): number {
  return arenaFactor * (peakBytes(outputs) + peakBytes(once)) + once.reduce((sum, tensor) => sum + bytesOf(tensor), 0)
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

/** Inputs and sparse outputs of a step's own, and its arena. Dense gradients are counted with the parameters. */
function stepBytes({ graph, inputs: declared }: StepGraph): number {
  const inputs = Object.entries(declared).reduce(
    (sum, [name, tensor]) => sum + (graph.inputs.has(name) ? bytesOf(tensor) : 0),
    0,
  )
  const outputs = Object.entries(graph.outputs).reduce(
    (sum, [name, tensor]) => sum + (name.startsWith('gradient.') ? 0 : bytesOf(tensor)),
    0,
  )
  return inputs + outputs + arenaFactor * peakBytes(Object.values(graph.outputs))
}
