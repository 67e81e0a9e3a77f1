import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, it } from 'vitest'
import { encodeModel } from './proto.ts'

type Message = Record<number, (number | bigint | Uint8Array)[]>

/** The fields of a message by number, in order; nested ones stay bytes. */
function decode(bytes: Uint8Array): Message {
  const reader = new BinaryReader(bytes)
  const fields: Message = {}
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    const value =
      wire === WireType.LengthDelimited ? reader.bytes() : wire === WireType.Bit32 ? reader.float() : reader.int64()
    ;(fields[field] ??= []).push(typeof value === 'string' ? BigInt(value) : value)
  }
  return fields
}

const nested = (message: Message, field: number): Message[] =>
  (message[field] ?? []).map((bytes) => decode(bytes as Uint8Array))
const texts = (message: Message, field: number): string[] =>
  (message[field] ?? []).map((bytes) => new TextDecoder().decode(bytes as Uint8Array))

const model = decode(
  encodeModel({
    nodes: [
      {
        type: 'FusedMatMul',
        domain: 'com.microsoft',
        inputs: ['a', '', 'c'],
        outputs: ['y', 'y_1'],
        attributes: { alpha: { float: 0.5 }, transA: { int: -1 }, perm: { ints: [2, 0, -7] }, mode: { string: 'é' } },
      },
      { type: 'Identity', domain: '', inputs: ['y'], outputs: ['out'], attributes: {} },
    ],
    inputs: [{ name: 'a', dtype: 'int64', shape: [2, 300] }],
    outputs: [{ name: 'out', dtype: 'bool', shape: [] }],
    constants: [{ name: 'c', dtype: 'float32', shape: [2], bytes: new Uint8Array(Float32Array.of(1, -2).buffer) }],
  }),
)
const graph = nested(model, 7)[0]!

describe('encodeModel, read back by the field numbers of onnx.proto', () => {
  it('states the format, its writer and the operator sets', () => {
    expect(model[1]).toEqual([10n])
    expect(texts(model, 2)).toEqual(['siftrec'])
    expect(nested(model, 8).map((set) => [texts(set, 1)[0], set[2]])).toEqual([
      ['', [21n]],
      ['com.microsoft', [1n]],
    ])
  })

  it('writes nodes with inputs (a left-out one is empty), outputs, operator and domain', () => {
    const [fused, identity] = nested(graph, 1) as [Message, Message]
    expect([texts(fused, 1), texts(fused, 2), texts(fused, 4), texts(fused, 7)]).toEqual([
      ['a', '', 'c'],
      ['y', 'y_1'],
      ['FusedMatMul'],
      ['com.microsoft'],
    ])
    expect([texts(identity, 1), texts(identity, 2), texts(identity, 4), texts(identity, 7)]).toEqual([
      ['y'],
      ['out'],
      ['Identity'],
      [],
    ])
  })

  it('writes an attribute of each type with the type it is of', () => {
    const attributes = nested(nested(graph, 1)[0]!, 5)
    expect(attributes.map((attribute) => texts(attribute, 1)[0])).toEqual(['alpha', 'transA', 'perm', 'mode'])
    const [float, int, ints, string] = attributes as [Message, Message, Message, Message]
    expect([float[2], float[20]]).toEqual([[0.5], [1n]])
    expect([int[3], int[20]]).toEqual([[-1n], [2n]])
    expect([ints[8], ints[20]]).toEqual([[2n, 0n, -7n], [7n]])
    expect([texts(string, 4), string[20]]).toEqual([['é'], [3n]])
  })

  it('writes the types and shapes of inputs and outputs, and constants as raw bytes', () => {
    const described = (value: Message) => {
      const type = nested(nested(value, 2)[0]!, 1)[0]!
      return [texts(value, 1)[0], type[1], nested(nested(type, 2)[0]!, 1).map((dimension) => dimension[1])]
    }
    expect(described(nested(graph, 11)[0]!)).toEqual(['a', [7n], [[2n], [300n]]])
    expect(described(nested(graph, 12)[0]!)).toEqual(['out', [9n], []])
    const [stored] = nested(graph, 5) as [Message]
    expect([texts(stored, 8), stored[1], stored[2]]).toEqual([['c'], [2n], [1n]])
    const raw = (stored[9] as Uint8Array[])[0]!
    expect(Array.from(new Float32Array(raw.slice().buffer))).toEqual([1, -2])
  })
})
