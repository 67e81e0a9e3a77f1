/**
 * @file The part of a graph that a request does not change: what hangs on parameters and frozen inputs alone, to be
 * computed once.
 */
import { isLeaf, type Operation, type Tensor } from '../tensor/node.ts'
import { operationsOf } from './graph.ts'

/**
 * The computed tensors that hang on no changing input, but that something which does reads, or that are outputs
 * themselves.
 * @param changes whether the input of a name changes from run to run
 */
export function fixedTensors(outputs: readonly Tensor[], changes: (input: string) => boolean): readonly Tensor[] {
  const changing = new Set<Operation>()
  const resolved = new Map<Tensor, Tensor>()
  const varies = (x: Tensor): boolean =>
    isLeaf(x) ? x.origin.kind === 'input' && changes(x.origin.name) : changing.has(x.origin as Operation)
  const order = operationsOf(outputs)
  for (const step of order) {
    for (const [index, output] of step.outputs.entries()) {
      const inner = step.aliased?.[index]
      if (inner) resolved.set(output, resolved.get(inner) ?? inner)
    }
    const read = (step.aliased ?? step.inputs).flatMap((x) => x ?? [])
    if (read.some(varies)) changing.add(step)
  }
  const found = new Set<Tensor>()
  const look = (x: Tensor): void => {
    const inner = resolved.get(x) ?? x
    // Double precision does not leave a graph.
    if (!isLeaf(inner) && !varies(inner) && inner.dtype !== 'float64') found.add(inner)
  }
  for (const step of order) if (changing.has(step)) for (const x of step.aliased ?? step.inputs) if (x) look(x)
  for (const output of outputs) look(output)
  return [...found]
}
