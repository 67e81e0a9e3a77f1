/** @file Symbolic tensors, as `siftrec/tensor` offers them: operators with their shapes and gradients, no numbers. */
export { attention } from './attention.ts'
export { crossEntropy } from './cross-entropy.ts'
export {
  add,
  div,
  exp,
  gelu,
  greater,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from './elementwise.ts'
export { gather, rowsOf } from './gather.ts'
export { type Gradient, gradients } from './gradient.ts'
export { matmul } from './linear.ts'
export { cast, concat, expand, pad, reshape, slice, transpose } from './move.ts'
export {
  constant,
  type DataType,
  type Initializer,
  input,
  integers,
  type Parameter,
  parameter,
  type Shape,
  type SparseRows,
  scalar,
  sizeOf,
  stopGradient,
  type Tensor,
  withGradient,
} from './node.ts'
export { layerNorm, softmax } from './normalize.ts'
export { mean, sum } from './reduce.ts'
