/** @file The operations that tensors are made by, in an order in which they can run. */
import { isLeaf, type Operation, type Tensor } from './operation.ts'

/** Every operation the tensors need, each after what it reads (`edges`). A loop: graphs are too deep to recurse. */
export function operationsBefore(
  tensors: readonly Tensor[],
  edges: (step: Operation) => readonly (Tensor | undefined)[],
): Operation[] {
  const order: Operation[] = []
  const state = new Map<Operation, 'open' | 'done'>()
  const stack: Operation[] = []
  const visit = (tensor: Tensor | undefined): void => {
    if (tensor && !isLeaf(tensor) && !state.has(tensor.origin as Operation)) stack.push(tensor.origin as Operation)
  }
  for (const tensor of tensors.toReversed()) visit(tensor)
  while (stack.length > 0) {
    const step = stack.at(-1) as Operation
    if (!state.has(step)) {
      state.set(step, 'open')
      for (const tensor of edges(step).toReversed()) visit(tensor)
      continue
    }
    stack.pop()
    if (state.get(step) === 'open') {
      state.set(step, 'done')
      order.push(step)
    }
  }
  return order
}
