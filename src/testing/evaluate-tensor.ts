/** @file Numbers of symbolic tensors, for tests: a graph is built, compiled, run once and disposed of. */
import { buildGraph } from '../onnx/graph.ts'
import { nodeRuntime } from '../runtime/node.ts'
import type { Buffer, Runtime } from '../runtime/runtime.ts'
import { gradients } from '../tensor/gradient.ts'
import type { Parameter, Tensor } from '../tensor/node.ts'

/** Values of inputs and parameters, by name. */
export type Feeds = Readonly<Record<string, Buffer>>

/** The values of named tensors; feeds that the graph does not need are left out. */
export async function evaluateTensors<Name extends string>(
  tensors: Readonly<Record<Name, Tensor>>,
  feeds: Feeds = {},
  runtime: Runtime = nodeRuntime({ threads: 1 }),
): Promise<Readonly<Record<Name, Buffer>>> {
  const graph = buildGraph(tensors)
  await using program = await runtime(graph)
  for (const [name, buffer] of Object.entries(feeds)) if (graph.inputs.has(name)) program.bind(name, buffer)
  await program.run()
  return program.outputs
}

/** The values of one tensor. */
export async function evaluateTensor(tensor: Tensor, feeds: Feeds = {}): Promise<number[]> {
  return Array.from((await evaluateTensors({ value: tensor }, feeds)).value, Number)
}

/**
 * A loss and its whole gradients by parameter name: sparse rows are added to the dense part, as the host does while
 * training.
 * @param others tensors whose values come with them, of the same graph
 */
export async function evaluateGradients(
  loss: Tensor,
  parameters: readonly Parameter[],
  feeds: Feeds,
  others: Readonly<Record<string, Tensor>> = {},
): Promise<{ loss: number; gradients: Record<string, number[]>; values: Readonly<Record<string, Buffer>> }> {
  const tensors: Record<string, Tensor> = { ...others, loss }
  const symbolic = gradients(loss, parameters)
  for (const [{ origin }, { dense, sparse }] of symbolic) {
    if (dense) tensors[`dense ${origin.name}`] = dense
    for (const [index, { ids, rows }] of sparse.entries())
      Object.assign(tensors, { [`ids${index} ${origin.name}`]: ids, [`rows${index} ${origin.name}`]: rows })
  }
  const values = await evaluateTensors(tensors, feeds)
  const whole: Record<string, number[]> = {}
  for (const [{ origin, shape }, { sparse }] of symbolic) {
    const total = Array.from(
      values[`dense ${origin.name}`] ?? new Float32Array(shape.reduce((product, size) => product * size, 1)),
      Number,
    )
    for (const index of sparse.keys())
      addRows(total, values[`ids${index} ${origin.name}`]!, values[`rows${index} ${origin.name}`]!)
    whole[origin.name] = total
  }
  return { loss: Number(values['loss']![0]), gradients: whole, values }
}

function addRows(total: number[], ids: Buffer, rows: Buffer): void {
  const width = rows.length / ids.length
  for (const [at, value] of rows.entries()) {
    const to = Number(ids[Math.floor(at / width)]) * width + (at % width)
    total[to] = total[to]! + Number(value)
  }
}
