/** @file The messages of the ONNX file format that we write, by their field numbers in onnx.proto. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type Attribute, type DataType, elementTypes, type Shape } from '../tensor/node.ts'

/** A named value with type and shape (ValueInfoProto). */
export interface ValueInfo {
  readonly name: string
  readonly dtype: DataType
  readonly shape: Shape
}
/** A constant stored in the graph (TensorProto). */
export interface StoredConstant extends ValueInfo {
  readonly bytes: Uint8Array
}
/** One operator call (NodeProto). */
export interface NodeParts {
  readonly type: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}
/** A whole graph (GraphProto). */
export interface GraphParts {
  readonly nodes: readonly NodeParts[]
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly constants: readonly StoredConstant[]
}

/** ONNX's numbers for element types. */
const irVersion = 10
const opsets = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
]

const message = (writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void => {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}
const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value)
const integer = (writer: BinaryWriter, field: number, value: number): BinaryWriter =>
  writer.tag(field, WireType.Varint).int64(value)

/** The bytes of an ONNX model. */
export function encodeModel(graph: GraphParts): Uint8Array {
  const writer = new BinaryWriter()
  integer(writer, 1, irVersion)
  text(writer, 2, 'siftrec')
  message(writer, 7, (inner) => writeGraph(inner, graph))
  for (const { domain, version } of opsets) {
    message(writer, 8, (inner) => {
      text(inner, 1, domain)
      integer(inner, 2, version)
    })
  }
  return writer.finish()
}

function writeGraph(writer: BinaryWriter, { nodes, inputs, outputs, constants }: GraphParts): void {
  for (const node of nodes) message(writer, 1, (inner) => writeNode(inner, node))
  text(writer, 2, 'graph')
  for (const stored of constants) message(writer, 5, (inner) => writeConstant(inner, stored))
  for (const value of inputs) message(writer, 11, (inner) => writeValueInfo(inner, value))
  for (const value of outputs) message(writer, 12, (inner) => writeValueInfo(inner, value))
}

function writeNode(writer: BinaryWriter, { type, domain, inputs, outputs, attributes }: NodeParts): void {
  for (const name of inputs) text(writer, 1, name)
  for (const name of outputs) text(writer, 2, name)
  text(writer, 4, type)
  for (const [name, value] of Object.entries(attributes))
    message(writer, 5, (inner) => writeAttribute(inner, name, value))
  if (domain) text(writer, 7, domain)
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name)
  if ('float' in value) {
    writer.tag(2, WireType.Bit32).float(value.float)
    integer(writer, 20, 1)
  } else if ('int' in value) {
    integer(writer, 3, value.int)
    integer(writer, 20, 2)
  } else if ('string' in value) {
    text(writer, 4, value.string)
    integer(writer, 20, 3)
  } else {
    for (const item of value.ints) integer(writer, 8, item)
    integer(writer, 20, 7)
  }
}

function writeConstant(writer: BinaryWriter, { name, dtype, shape, bytes }: StoredConstant): void {
  for (const size of shape) integer(writer, 1, size)
  integer(writer, 2, elementTypes[dtype])
  text(writer, 8, name)
  writer.tag(9, WireType.LengthDelimited).bytes(bytes)
}

function writeValueInfo(writer: BinaryWriter, { name, dtype, shape }: ValueInfo): void {
  text(writer, 1, name)
  message(writer, 2, (type) => {
    message(type, 1, (tensorType) => {
      integer(tensorType, 1, elementTypes[dtype])
      message(tensorType, 2, (dimensions) => {
        for (const size of shape) message(dimensions, 1, (dimension) => integer(dimension, 1, size))
      })
    })
  })
}
