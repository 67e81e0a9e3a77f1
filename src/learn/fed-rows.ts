/**
 * @file Graphs of models whose table other ranks hold parts of: the rows that a graph reads are fed to it, and another
 * graph says beforehand which these are.
 */
import { buildGraph, type Graph, operationsOf } from '../onnx/graph.ts'
import type { Program, Runtime } from '../runtime/runtime.ts'
import { isLeaf, type Operation, sizeOf, type Tensor } from '../tensor/node.ts'
import { numbered, type RowsElsewhere } from './held-rows.ts'
import type { ParameterBuffers, ParameterState } from './parameters.ts'

/** Where a graph reads rows of a table. */
export interface RowRead {
  readonly table: string
  readonly ids: Tensor
  /** [ids, ..] */
  readonly rows: Tensor
  /** The input that they are fed to. */
  readonly name: string
}

/** A graph that is fed rows. Where no table is named it is the graph itself, and there are no reads. */
export interface FedGraph {
  readonly graph: Graph
  readonly reads: readonly RowRead[]
  /** What the reads' ids are, by their names; absent where there are none. */
  readonly ids?: Graph
}

/** How some tensors read tables. */
export interface TableReads {
  readonly reads: readonly RowRead[]
  /** The operators that read a whole table, by their names in ONNX. */
  readonly whole: readonly string[]
}

/** Finds where tensors read the named tables. */
export function tableReads(outputs: readonly Tensor[], tables: ReadonlySet<string>): TableReads {
  const steps = operationsOf(outputs)
  const stood = new Map<Tensor, Tensor>()
  for (const { aliased, outputs: made } of steps)
    for (const [at, tensor] of (aliased ?? []).entries()) stood.set(made[at] as Tensor, stood.get(tensor) ?? tensor)
  const tableOf = (tensor: Tensor | undefined): string | undefined => {
    const read = tensor && (stood.get(tensor) ?? tensor)
    if (!read || !isLeaf(read) || read.origin.kind !== 'parameter') return undefined
    return tables.has(read.origin.name) ? read.origin.name : undefined
  }
  const reads: RowRead[] = []
  const whole: string[] = outputs.filter(tableOf).map(() => 'Identity')
  for (const step of steps) {
    if (step.aliased) continue
    const [table, ...others] = step.inputs.map(tableOf)
    if (table !== undefined && isGather(step)) {
      const [rows] = step.outputs as [Tensor]
      reads.push({ table, ids: step.inputs[1] as Tensor, rows, name: `read.${reads.length}` })
    } else if (table !== undefined || others.some((other) => other !== undefined)) whole.push(step.type)
  }
  // Rows that are looked up by what other rows say.
  const choosing = operationsOf(reads.map(({ ids }) => ids)).filter((step) => step.inputs.some((x) => tableOf(x)))
  return { reads, whole: [...whole, ...choosing.map(({ type }) => type)] }
}

/** Whether rows are taken by their numbers. */
const isGather = ({ type, attributes }: Operation): boolean =>
  type === 'Gather' && 'int' in (attributes['axis'] ?? {}) && (attributes['axis'] as { int: number }).int === 0

/** The graph of some tensors, which is fed the rows it reads of the named tables. */
export function fedGraph(outputs: Readonly<Record<string, Tensor>>, tables: ReadonlySet<string>): FedGraph {
  if (tables.size === 0) return { graph: buildGraph(outputs), reads: [] }
  const { reads } = tableReads(Object.values(outputs), tables)
  const graph = buildGraph(outputs, { given: new Map(reads.map(({ rows, name }) => [rows, name])) })
  const ids = Object.fromEntries(reads.map(({ ids: tensor, name }) => [name, tensor]))
  return { graph, reads, ...(reads.length > 0 && { ids: buildGraph(ids) }) }
}

/** The tables of a state of which some rows are elsewhere. */
export const tablesElsewhere = ({ buffers }: Pick<ParameterState, 'buffers'>): ReadonlySet<string> =>
  new Set([...buffers].filter(([, { held }]) => held.elsewhere).map(([name]) => name))

/** Whether a graph, or the one that says which rows it reads, has an input. */
export const hasInput = ({ graph, ids }: FedGraph, name: string): boolean =>
  graph.inputs.has(name) || (ids?.inputs.has(name) ?? false)

/** A program that is fed rows. */
export interface FedProgram extends Program {
  /**
   * Gets the rows that the next run reads. All ranks that hold a table together must call it for the same graph.
   * @param has whether this rank's inputs are filled; if not, it only gives rows to the others
   */
  read(has: boolean): Promise<void>
}

/** Compiles a graph that is fed rows. Inputs that both graphs have are bound once. */
export async function fedProgram(
  fed: FedGraph,
  { runtime, state }: { readonly runtime: Runtime; readonly state: ParameterState },
  outputBuffers?: Parameters<Runtime>[1],
): Promise<FedProgram> {
  const { graph, reads, ids } = fed
  const program = await runtime(graph, outputBuffers)
  const asking = ids && (await runtime(ids))
  const buffers = reads.map(({ rows, name }) => {
    const buffer = new Float32Array(sizeOf(rows.shape))
    program.bind(name, buffer)
    return buffer
  })
  const tables = [...new Set(reads.map(({ table }) => table))]
  const feed = async (table: string, has: boolean): Promise<void> => {
    const { held, values, shape } = state.buffers.get(table) as ParameterBuffers
    const width = sizeOf(shape.slice(1))
    const own = [...reads.keys()].filter((at) => has && reads[at]?.table === table)
    const { ids: wanted, places } = numbered(
      own.map((at) => asking?.outputs[(reads[at] as RowRead).name] as BigInt64Array),
    )
    const rows = await (held.elsewhere as RowsElsewhere).fetch(wanted, values, width)
    for (const [list, at] of own.entries())
      for (const [to, place] of (places[list] as Int32Array).entries())
        buffers[at]?.set(rows.subarray(place * width, (place + 1) * width), to * width)
  }
  return {
    ...program,
    bind(name, buffer) {
      if (graph.inputs.has(name) || !ids?.inputs.has(name)) program.bind(name, buffer)
      if (ids?.inputs.has(name)) asking?.bind(name, buffer)
    },
    async read(has) {
      if (has) await asking?.run()
      for (const table of tables) await feed(table, has)
    },
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]()
      await asking?.[Symbol.asyncDispose]()
    },
  }
}
