/** @file Symbolic tensors, as `siftrec/tensor` offers them: operators with their shapes and gradients, no numbers. */
export { attention, hiddenScore } from './attention.ts'
export { and, equal, greater, lessOrEqual, not, or, where } from './compare.ts'
export { crossEntropy } from './cross-entropy.ts'
export { reverseGradient, straightThrough } from './custom-gradient.ts'
export {
  add,
  cos,
  div,
  elu,
  elu1,
  exp,
  gelu,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
} from './elementwise.ts'
export { type Gradient, gradients } from './gradient.ts'
export { argmax, topK } from './largest.ts'
export { matmul } from './linear.ts'
export { det, inverse, logDet } from './matrix.ts'
export { cast, concat, expand, pad, reshape, slice, split, stack, transpose, unsqueeze } from './move.ts'
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
export { l2Normalize, logSumExp, max, mean, norm, sum } from './reduce.ts'
export { rows } from './rows.ts'
export { dims } from './shape.ts'
export { dft, fromRealSpectrum, realSpectrum, type Spectrum } from './spectrum.ts'
