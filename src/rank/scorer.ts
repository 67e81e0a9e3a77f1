/** @file A trained next-item model ready to rank: user vectors from compiled graphs, scores against a table made once. */

import type { Window } from '../batches/windows.ts'
import { mergeBehaviors } from '../dataset/event-columns.ts'
import type { Dataset, History } from '../dataset/schema.ts'
import { Bug } from '../errors.ts'
import { type FrozenInputs, frozenInputs } from '../models/contract/frozen-inputs.ts'
import type { BatchShape, NextItemModel, ServingGraph } from '../models/contract/model.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { buildGraph, type Graph } from '../onnx/graph.ts'
import { type Buffer, compile, type Program, type RuntimeOptions } from '../runtime/session.ts'
import { matmul } from '../tensor/linear.ts'
import { input, sizeOf, type Tensor } from '../tensor/node.ts'

/** Values of every parameter, by name. */
export type ParameterValues = ReadonlyMap<string, Float32Array>

/** What a scorer is made of. */
export interface ScorerParts {
  readonly slug: string
  readonly model: NextItemModel
  readonly dataset: Dataset
  readonly parameters: ParameterValues
  readonly runtime?: RuntimeOptions
}

/** A neural scorer, and what more it can tell. */
export interface NextItemScorer extends Scorer {
  /** Reads the parameters anew after they changed in place. */
  refresh(): Promise<void>
  /** What the serving graph says of one history besides the user vector, by name; copies. */
  reasons(history: History): Promise<Readonly<Record<string, Float32Array>>>
}

interface Serving {
  readonly shape: BatchShape
  readonly buffers: Readonly<Record<string, Float32Array | BigInt64Array>>
  readonly program: Program
}

/** Histories of one compiled batch; a single request has a program of its own. */
export const batchRows = 128

/** Makes a scorer; graphs are compiled when a batch of their size first comes. */
export async function nextItemScorer({
  slug,
  model,
  dataset,
  parameters,
  runtime = {},
}: ScorerParts): Promise<NextItemScorer> {
  const frozen = frozenInputs(dataset, model)
  const { maxLength, mergeBehaviors: merge } = model.windows
  const tableGraph = buildGraph({ table: model.table(), ...model.prepared?.() })
  const tableProgram = await compile(tableGraph, runtime)
  bindAll(tableProgram, tableGraph, parameters, frozen)
  const table = tableProgram.outputs['table'] as Float32Array
  const given = { ...frozen, ...(tableProgram.outputs as FrozenInputs) }
  const [itemRows, width] = model.table().shape as [number, number]
  const servings = new Map<string, Promise<Serving>>()
  const products = new Map<number, Promise<Program>>()
  await tableProgram.run()

  const serving = (rows: number, length: number): Promise<Serving> => {
    const key = `${rows} ${length}`
    const made = servings.get(key) ?? makeServing(model, { rows, length, targets: 0 }, parameters, given, runtime)
    servings.set(key, made)
    return made
  }
  const product = (rows: number): Promise<Program> => {
    const made = products.get(rows) ?? makeProduct(rows, [itemRows, width], table, runtime)
    products.set(rows, made)
    return made
  }
  /** The last events the model reads, seen as it was trained to see them. */
  const windowOf = (history: History): Window => {
    const whole = merge ? mergeBehaviors(history) : history
    const from = Math.max(0, whole.item.length - maxLength)
    const cut = {
      user: whole.user,
      item: whole.item.subarray(from),
      behavior: whole.behavior.subarray(from),
      time: whole.time.subarray(from),
    }
    return { history: cut, targets: [] }
  }
  const represent = async (histories: readonly History[]): Promise<{ made: Serving; user: Float32Array }> => {
    const windows = histories.map(windowOf)
    const longest = windows.reduce((most, { history }) => Math.max(most, history.item.length), 1)
    const made = await serving(histories.length === 1 ? 1 : batchRows, paddedLength(longest, maxLength))
    model.fill(windows, made.shape, made.buffers)
    await made.program.run()
    return { made, user: made.program.outputs['user'] as Float32Array }
  }

  let scores = new Float32Array(0)
  const scorer: NextItemScorer = {
    slug,
    itemCount: itemRows - 1,
    refresh: () => tableProgram.run(),
    async score(histories) {
      const size = histories.length * itemRows
      if (scores.length < size) scores = new Float32Array(size)
      for (let from = 0; from < histories.length; from += batchRows) {
        const part = histories.slice(from, from + batchRows)
        const { user } = await represent(part)
        const program = await product(user.length / width)
        program.bind('user', user)
        await program.run()
        scores.set((program.outputs['scores'] as Float32Array).subarray(0, part.length * itemRows), from * itemRows)
      }
      for (let row = 0; row < histories.length; row++) scores[row * itemRows] = Number.NEGATIVE_INFINITY
      return scores.subarray(0, size)
    },
    async reasons(history) {
      const { made } = await represent([history])
      const { user: _, ...reasons } = made.program.outputs
      return Object.fromEntries(
        Object.entries(reasons).map(([name, values]) => [name, Float32Array.from(values as Float32Array)]),
      )
    },
    async [Symbol.asyncDispose]() {
      for (const made of servings.values()) await (await made).program[Symbol.asyncDispose]()
      for (const made of products.values()) await (await made)[Symbol.asyncDispose]()
      await tableProgram[Symbol.asyncDispose]()
    },
  }
  const explain = model.explain?.bind(model)
  if (explain) {
    scorer.explain = async (history, items) =>
      explain(windowOf(history).history, items, await scorer.reasons(history), { table, width })
  }
  return scorer
}

/** Lengths graphs are compiled for: powers of two up to the longest. */
function paddedLength(length: number, maxLength: number): number {
  return Math.min(maxLength, Math.max(8, 2 ** Math.ceil(Math.log2(length))))
}

async function makeServing(
  model: NextItemModel,
  shape: BatchShape,
  parameters: ParameterValues,
  frozen: FrozenInputs,
  runtime: RuntimeOptions,
): Promise<Serving> {
  const served: ServingGraph = model.serve(shape)
  const graph = buildGraph({ user: served.user, ...served.reasons })
  const program = await compile(graph, runtime)
  bindAll(program, graph, parameters, frozen)
  const buffers: Record<string, Float32Array | BigInt64Array> = {}
  for (const [name, { dtype, shape: sizes }] of Object.entries(served.inputs)) {
    const buffer = dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)) : new Float32Array(sizeOf(sizes))
    buffers[name] = buffer
    if (graph.inputs.has(name)) program.bind(name, buffer)
  }
  return { shape, buffers, program }
}

async function makeProduct(
  rows: number,
  [itemRows, width]: readonly [number, number],
  table: Float32Array,
  runtime: RuntimeOptions,
): Promise<Program> {
  const user: Tensor = input('user', [rows, width])
  const program = await compile(
    buildGraph({ scores: matmul(user, input('table', [itemRows, width]), { transposeB: true }) }),
    runtime,
  )
  program.bind('table', table)
  return program
}

/** Binds every parameter and frozen input that a graph reads. @throws Bug when a parameter has no values */
export function bindAll(program: Program, graph: Graph, parameters: ParameterValues, frozen: FrozenInputs): void {
  for (const { origin } of graph.parameters) {
    const values = parameters.get(origin.name)
    if (!values) throw new Bug(`no values for parameter "${origin.name}"`)
    program.bind(origin.name, values)
  }
  for (const [name, buffer] of Object.entries(frozen) as [string, Buffer][])
    if (graph.inputs.has(name)) program.bind(name, buffer)
}
