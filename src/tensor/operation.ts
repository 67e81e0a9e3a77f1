/** @file A symbolic tensor: a dtype, a static shape, and the operation that makes it. For src/tensor alone. */
import { Bug } from '../errors.ts'

/** Element types a graph may hold; float64 for running sums inside it, never for what goes in or comes out. */
export type DataType = 'float32' | 'float64' | 'int64' | 'bool'
/** The numbers that ONNX gives element types. */
export const elementTypes: Readonly<Record<DataType, number>> = { float32: 1, float64: 11, int64: 7, bool: 9 }
/** Sizes of every dimension; all static. */
export type Shape = readonly number[]

/** An ONNX attribute, tagged with the type it is written as. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string }

/** A sparse part of a table's gradient: the host adds `rows[k]` to row `ids[k]`; in a graph, ScatterND would race. */
export interface SparseRows {
  /** Of any shape. */
  readonly ids: Tensor
  /** A row of the table for each id, in their order. */
  readonly rows: Tensor
}
/** What a gradient rule returns for one input: a tensor, sparse rows (tables only), or nothing. */
export type InputGradient = Tensor | SparseRows | undefined

/** One step of a graph: an ONNX operator (or an alias of tensors already made) with its gradient beside it. */
export interface Operation {
  readonly type: string
  readonly domain: '' | 'com.microsoft'
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly inputs: readonly (Tensor | undefined)[]
  /** Filled while the operation is made. */
  readonly outputs: Tensor[]
  /** For an alias: the tensors its outputs stand for. */
  readonly aliased?: readonly Tensor[]
  /** Gradients of the inputs, given those of the outputs; absent where none flows (comparisons, index arithmetic). */
  readonly gradient?: ((outputGradients: readonly (Tensor | undefined)[]) => readonly InputGradient[]) | undefined
}

/** Where a tensor comes from when no operation makes it. */
export type Leaf =
  | { readonly kind: 'input'; readonly name: string }
  | {
      readonly kind: 'parameter'
      readonly name: string
      readonly initializer: Initializer
      readonly rows?: RowsOf | undefined
    }
  | { readonly kind: 'constant'; readonly data: Float32Array | BigInt64Array | Uint8Array }

/**
 * What the rows of a table belong to: row 0 pads, one row each follows, and what stands for none of them comes last.
 */
export type RowsOf = 'items' | 'users'

/**
 * Fills a parameter's first values; `normal` and `uniform` draw from the run's seeded stream. That of a table draws one
 * number after the other, so that it may be filled in stretches.
 */
export type Initializer = (values: Float32Array, random: { uniform(): number; normal(): number }) => void

/** A symbolic tensor: it holds no numbers, it says how they are made. */
export interface Tensor {
  readonly shape: Shape
  readonly dtype: DataType
  readonly origin: Operation | Leaf
}
/** A tensor that training may change. */
export interface Parameter extends Tensor {
  readonly origin: Extract<Leaf, { kind: 'parameter' }>
}

/** The number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1)

/** Whether the tensor is a leaf (input, parameter or constant). */
export const isLeaf = (tensor: Tensor): tensor is Tensor & { readonly origin: Leaf } => 'kind' in tensor.origin

/** What every tensor inherits: methods.ts fills it with the operators. */
export const tensorPrototype = {}

const tensorOf = <Parts extends Pick<Tensor, 'shape' | 'dtype' | 'origin'>>(parts: Parts): Tensor & Parts =>
  Object.assign(Object.create(tensorPrototype) as Tensor, parts)

/** An input fed at every run. */
export function input(name: string, shape: Shape, dtype: DataType = 'float32'): Tensor {
  return tensorOf({ shape, dtype, origin: { kind: 'input', name } })
}

/**
 * A trainable parameter, declared where it is used.
 * @param options.rows to be said of every table that grows with the items or users of a dataset
 */
export function parameter(
  name: string,
  shape: Shape,
  initializer: Initializer,
  { rows }: { readonly rows?: RowsOf } = {},
): Parameter {
  return tensorOf({ shape, dtype: 'float32', origin: { kind: 'parameter', name, initializer, rows } })
}

/** A constant baked into the graph. */
export function constant(data: Float32Array | BigInt64Array, shape: Shape): Tensor {
  if (data.length !== sizeOf(shape)) throw new Bug(`constant of ${data.length} values for shape [${shape.join(', ')}]`)
  return tensorOf({
    shape,
    dtype: data instanceof Float32Array ? 'float32' : 'int64',
    origin: { kind: 'constant', data },
  })
}

/** A float32 scalar. */
export const scalar = (value: number): Tensor => constant(Float32Array.of(value), [])
/** A list of int64, as ONNX wants for axes, shapes and the like. */
export const integers = (values: readonly number[]): Tensor =>
  constant(BigInt64Array.from(values.map(BigInt)), [values.length])

/** What {@link operation} needs to know. */
export interface OperationParts {
  readonly domain?: 'com.microsoft'
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly inputs: readonly (Tensor | undefined)[]
  readonly shapes: readonly Shape[]
  /** The element type of every output, or of each; that of the first input by default. */
  readonly dtype?: DataType | readonly DataType[]
  readonly gradient?: Operation['gradient']
}

/** Makes an operation with several outputs. */
export function operations(
  type: string,
  { domain, attributes = {}, inputs, shapes, dtype, gradient }: OperationParts,
): readonly Tensor[] {
  const made: Operation = { type, domain: domain ?? '', attributes, inputs, outputs: [], gradient }
  for (const [index, shape] of shapes.entries()) {
    const own = typeof dtype === 'object' ? dtype[index] : dtype
    made.outputs.push(tensorOf({ shape, dtype: own ?? inputs[0]?.dtype ?? 'float32', origin: made }))
  }
  return made.outputs
}

/** Makes an operation with one output. */
export function operation(type: string, parts: Omit<OperationParts, 'shapes'> & { readonly shape: Shape }): Tensor {
  return operations(type, { ...parts, shapes: [parts.shape] })[0] as Tensor
}

/**
 * Gives `made`, computed from `inputs` by any operations, a gradient rule of its own. A rule by hand costs less than
 * the chain rule over every small step.
 */
export function withGradient(
  made: Tensor,
  inputs: readonly Tensor[],
  gradient: (outputGradient: Tensor) => readonly InputGradient[],
): Tensor {
  const rule: Operation['gradient'] = ([outputGradient]) =>
    outputGradient ? gradient(outputGradient) : inputs.map(() => undefined)
  const alias: Operation = {
    type: 'alias',
    domain: '',
    attributes: {},
    inputs,
    outputs: [],
    aliased: [made],
    gradient: rule,
  }
  alias.outputs.push(tensorOf({ shape: made.shape, dtype: made.dtype, origin: alias }))
  return alias.outputs[0] as Tensor
}

/** The same values with no gradient flowing back. */
export function stopGradient(tensor: Tensor): Tensor {
  return withGradient(tensor, [], () => [])
}
