/** @file Compiled graphs of a trained model: what no request changes is computed once for all of them. */
import type { FeatureModality } from '../dataset/schema.ts'
import { Bug } from '../errors.ts'
import { catalogInput, type FrozenInputs } from '../models/contract/catalog.ts'
import type { Memory } from '../models/contract/model.ts'
import { fixedTensors } from '../onnx/fixed.ts'
import { buildGraph, type Graph } from '../onnx/graph.ts'
import { type Buffer, type Program, type Runtime, type Turns, turns } from '../runtime/runtime.ts'
import { sizeOf, type Tensor } from '../tensor/node.ts'

/** Values of every parameter, by name. */
export type ParameterValues = ReadonlyMap<string, Float32Array>

/** What graphs read besides a request. */
export interface TrainedParts {
  readonly parameters: ParameterValues
  readonly frozen: FrozenInputs
  /** Arrays that training kept beside the parameters. */
  readonly memory?: Memory
  readonly runtime: Runtime
}

/** A compiled graph with buffers for what a request brings. */
export interface ServedGraph {
  /** By name; only those that the graph reads are there. */
  readonly buffers: Readonly<Record<string, Float32Array | BigInt64Array>>
  /** Whoever fills the buffers, runs the program and copies the outputs out does all of that in one turn. */
  readonly turn: Turns
  run(): Promise<Readonly<Record<string, Float32Array>>>
}

/** The graphs of one trained model. */
export interface ServedGraphs extends AsyncDisposable {
  /** Compiles tensors. @param request the inputs that a request fills, by name */
  compile(outputs: Readonly<Record<string, Tensor>>, request: Readonly<Record<string, Tensor>>): Promise<ServedGraph>
  /** The graph of tensors that reads the request alone: all else that it needs is in it, computed once. */
  baked(outputs: Readonly<Record<string, Tensor>>, request: Readonly<Record<string, Tensor>>): Promise<Graph>
  /** The values of tensors that no request changes; the arrays are filled anew by each `refresh`. */
  values(tensors: readonly Tensor[]): Promise<readonly Float32Array[]>
  /** Computes what no request changes anew, after the parameters changed in place. */
  refresh(): Promise<void>
  /** Names of the inputs that graphs compiled so far read. */
  readonly read: ReadonlySet<string>
}

/** Whether graphs read the vectors of a modality. */
export const readsVectors = ({ read }: Pick<ServedGraphs, 'read'>, modality: FeatureModality): boolean =>
  read.has(catalogInput.vectors(modality)) || read.has(catalogInput.present(modality))

/** Makes the graphs of a trained model. */
export function servedGraphs(trained: TrainedParts): ServedGraphs {
  const { runtime } = trained
  /** What is computed once: where it lies, under which name graphs read it. */
  const once = new Map<Tensor, { readonly name: string; readonly buffer: Buffer }>()
  const programs: Program[] = []
  const read = new Set<string>()
  const compileTurn = turns()
  const names = (): Map<Tensor, string> => new Map([...once].map(([tensor, { name }]) => [tensor, name]))
  const bind = (program: Program, graph: Graph): void => {
    for (const { name, buffer } of once.values()) if (graph.inputs.has(name)) program.bind(name, buffer)
    bindTrained(program, graph, trained)
  }
  const compileBound = async (
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<{ program: Program; graph: Graph }> => {
    const graph = buildGraph(outputs, { given: names() })
    const program = await runtime(graph)
    programs.push(program)
    for (const name of graph.inputs.keys()) read.add(name)
    bind(program, graph)
    return { program, graph }
  }
  const onceProgram: Program[] = []
  /** Computes the tensors that are not there yet, for all graphs to come. */
  const computeOnce = async (tensors: readonly Tensor[]): Promise<void> => {
    const fresh = tensors.filter((tensor) => !once.has(tensor))
    if (fresh.length === 0) return
    const named = fresh.map((tensor, at) => [`once.${once.size + at}`, tensor] as const)
    const { program } = await compileBound(Object.fromEntries(named))
    onceProgram.push(program)
    await program.run()
    for (const [name, tensor] of named) once.set(tensor, { name, buffer: program.outputs[name] as Buffer })
  }
  return {
    read,
    compile: (outputs, request) =>
      compileTurn(async () => {
        await computeOnce(fixedTensors(Object.values(outputs), (name) => name in request))
        const { program, graph } = await compileBound(outputs)
        const buffers: Record<string, Float32Array | BigInt64Array> = {}
        for (const [name, { dtype, shape }] of Object.entries(request)) {
          if (!graph.inputs.has(name)) continue
          buffers[name] = dtype === 'int64' ? new BigInt64Array(sizeOf(shape)) : new Float32Array(sizeOf(shape))
          program.bind(name, buffers[name])
        }
        return {
          buffers,
          turn: turns(),
          async run() {
            await program.run()
            return program.outputs as Record<string, Float32Array>
          },
        }
      }),
    baked: (outputs, request) =>
      compileTurn(async () => {
        await computeOnce(fixedTensors(Object.values(outputs), (name) => name in request))
        const computed = new Map([...once.values()].map(({ name, buffer }) => [name, buffer]))
        const { parameters, memory = {}, frozen } = trained
        return buildGraph(outputs, {
          given: names(),
          bake: {
            get: (name) => computed.get(name) ?? parameters.get(name) ?? memory[name]?.data ?? frozen.get(name),
          },
        })
      }),
    values: (tensors) =>
      compileTurn(async () => {
        // A parameter lies in a buffer already.
        const known = tensors.map(({ origin }) =>
          'kind' in origin && origin.kind === 'parameter' ? trained.parameters.get(origin.name) : undefined,
        )
        await computeOnce(tensors.filter((_, at) => !known[at]))
        return tensors.map((tensor, at) => known[at] ?? (once.get(tensor)?.buffer as Float32Array))
      }),
    async refresh() {
      for (const program of onceProgram) await program.run()
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs) await program[Symbol.asyncDispose]()
    },
  }
}

/**
 * Binds every parameter, frozen input and array of the memory that a graph reads.
 * @throws Bug when a parameter has no values
 */
function bindTrained(program: Program, graph: Graph, { parameters, frozen, memory = {} }: TrainedParts): void {
  for (const { origin } of graph.parameters) {
    const values = parameters.get(origin.name)
    if (!values) throw new Bug(`no values for parameter "${origin.name}"`)
    program.bind(origin.name, values)
  }
  for (const name of graph.inputs.keys()) {
    const buffer = memory[name]?.data ?? frozen.get(name)
    if (buffer) program.bind(name, buffer)
  }
}
