/** @file What other folders know of tensors: their types, their leaves, and, by the import below, their methods. */
import './methods.ts'

export type {
  Attribute,
  DataType,
  Initializer,
  Operation,
  Parameter,
  RowsOf,
  Shape,
  SparseRows,
  Tensor,
} from './operation.ts'
export {
  constant,
  elementTypes,
  input,
  integers,
  isLeaf,
  parameter,
  scalar,
  sizeOf,
  stopGradient,
  withGradient,
} from './operation.ts'
