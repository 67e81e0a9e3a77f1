/** @file Reverse-mode gradients of a scalar with respect to parameters. */
import { Bug } from '../errors.ts'
import { addAll } from './elementwise.ts'
import {
  constant,
  type InputGradient,
  type Operation,
  type Parameter,
  type SparseRows,
  sizeOf,
  type Tensor,
} from './operation.ts'
import { operationsBefore } from './order.ts'

/** A parameter's gradient: a dense tensor, rows to be added on the host, or both. */
export interface Gradient {
  readonly dense?: Tensor
  readonly sparse: readonly SparseRows[]
}

const isTensor = (gradient: Tensor | SparseRows): gradient is Tensor => 'dtype' in gradient

/**
 * The gradients of a scalar loss.
 * @throws Bug when the loss is not a scalar or a parameter does not reach it.
 */
export function gradients(loss: Tensor, parameters: readonly Parameter[]): Map<Parameter, Gradient> {
  if (sizeOf(loss.shape) !== 1) throw new Bug(`the loss has shape [${loss.shape.join(', ')}], not a scalar`)
  const needed = reaches(loss, new Set<Tensor>(parameters))
  const terms = new Map<Tensor, Tensor[]>([[loss, [constant(Float32Array.of(1), loss.shape)]]])
  const sparse = new Map<Tensor, SparseRows[]>()
  const put = (to: Tensor, gradient: InputGradient): void => {
    if (!gradient || !needed.has(to)) return
    if (isTensor(gradient)) terms.set(to, [...(terms.get(to) ?? []), gradient])
    else {
      sparse.set(to, [...(sparse.get(to) ?? []), gradient])
      if ('dense' in gradient) put(to, gradient.dense as Tensor)
    }
  }
  for (const step of backwards(loss, needed)) {
    const outputGradients = step.outputs.map((output) => {
      const parts = terms.get(output)
      return parts && addAll(parts)
    })
    if (!step.gradient || outputGradients.every((gradient) => gradient === undefined)) continue
    for (const [index, gradient] of step.gradient(outputGradients).entries()) {
      const to = step.inputs[index]
      if (to) put(to, gradient)
    }
  }
  return new Map(
    parameters.map((parameter) => {
      const dense = terms.get(parameter)
      const rows = sparse.get(parameter) ?? []
      if (!dense && rows.length === 0) throw new Bug(`parameter "${parameter.origin.name}" does not reach the loss`)
      return [parameter, { ...(dense && { dense: addAll(dense) }), sparse: rows }]
    }),
  )
}

/** Every tensor through which a gradient must pass to reach one of the targets. */
function reaches(from: Tensor, targets: ReadonlySet<Tensor>): Set<Tensor> {
  const needed = new Set<Tensor>()
  for (const step of forwards(from)) {
    if (step.gradient && step.inputs.some((x) => x && (targets.has(x) || needed.has(x))))
      for (const output of step.outputs) needed.add(output)
  }
  for (const target of targets) needed.add(target)
  return needed
}

function backwards(loss: Tensor, needed: ReadonlySet<Tensor>): Operation[] {
  return forwards(loss)
    .filter((step) => step.outputs.some((output) => needed.has(output)))
    .reverse()
}

/** The operations between a tensor and its leaves, along the edges that gradients follow. */
const forwards = (from: Tensor): Operation[] => operationsBefore([from], ({ inputs }) => inputs)
