import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert, constantFrom, integer, nat, property, record, string, uniqueArray } from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { encodeSafetensors, readSafetensors, type StoredTensor } from './safetensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-safetensors-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'file.safetensors')
const kinds = [Float32Array, Float64Array, Int32Array, BigInt64Array, Uint8Array] as const

const read = (bytes: Uint8Array) => {
  writeFileSync(path, bytes)
  return readSafetensors(path)
}
/** A file with a header of our own. */
function withHeader(header: string, body = new Uint8Array(8)): Uint8Array {
  const text = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + text.length + body.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(body, 8 + text.length)
  return bytes
}

describe('safetensors', () => {
  it('gives back what was written: any names, shapes, types and metadata', () => {
    const name = string({ minLength: 1, unit: 'grapheme' }).filter(
      (value) => !['__metadata__', '__proto__'].includes(value),
    )
    const tensor = record({ shape: array(nat(3), { maxLength: 3 }), kind: constantFrom(...kinds), seed: nat(255) })
    assert(
      property(
        uniqueArray(name, { maxLength: 5 }),
        array(tensor, { minLength: 5, maxLength: 5 }),
        string(),
        (names, drawn, note) => {
          const tensors = Object.fromEntries(
            names.map((key, index): [string, StoredTensor] => {
              const { shape, kind, seed } = drawn[index]!
              const size = shape.reduce((product, length) => product * length, 1)
              const values = Array.from({ length: size }, (_, at) => (seed + at) % 256)
              return [
                key,
                {
                  shape,
                  data:
                    kind === BigInt64Array
                      ? kind.from(values, BigInt)
                      : (kind as Exclude<typeof kind, BigInt64ArrayConstructor>).from(values),
                },
              ]
            }),
          )
          expect(read(encodeSafetensors(tensors, { note }))).toEqual({ tensors, metadata: { note } })
        },
      ),
      { seed: 2, numRuns: 60 },
    )
  })

  it('writes views with an offset as they read, and bytes that any reader of the format knows', () => {
    const data = Float32Array.of(9, 1.5, -2).subarray(1)
    const bytes = encodeSafetensors({ a: { shape: [2], data } })
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      __metadata__: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    })
    expect(length % 8).toBe(0)
    expect(read(bytes).tensors['a']!.data).toEqual(Float32Array.of(1.5, -2))
  })

  it('takes the word of a caller who has compared the whole file', () => {
    const damaged = encodeSafetensors({ a: { shape: [1], data: Float32Array.of(1) } })
    damaged[damaged.length - 1] = 64
    expect(() => read(damaged)).toThrow(/SHA-256/)
    expect(readSafetensors(path, { checked: true }).tensors['a']?.shape).toEqual([1])
  })

  it('reads a file whose arrays are not aligned', () => {
    const body = new Uint8Array(5)
    body.set(new Uint8Array(Float32Array.of(3).buffer), 1)
    const header = {
      byte: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
      float: { dtype: 'F32', shape: [], data_offsets: [1, 5] },
    }
    expect(read(withHeader(JSON.stringify(header), body)).tensors['float']).toEqual({
      shape: [],
      data: Float32Array.of(3),
    })
  })

  it.each([
    ['nothing', new Uint8Array(0), '0 bytes'],
    [
      'a header longer than the file',
      Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 123),
      'a header of 255 bytes in a file of 9',
    ],
    ['text', new TextEncoder().encode('user,item\n1,2\n'), 'a header of '],
    ['no JSON', withHeader('{"a":'), 'an unreadable header'],
    ['an unknown type', withHeader('{"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}'), '"a" of type BF16'],
    [
      'an array past the end',
      withHeader('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}'),
      '"a" runs past the end',
    ],
    [
      'a shape that is not its size',
      withHeader('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}'),
      '"a" runs past the end',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(UserError)
    expect(() => read(bytes)).toThrow(`${path}: corrupted: ${message}`)
  })

  it.each([
    ['overlaps another array', { a: [0, 8], b: [4, 12] }, 12],
    ['lies behind a gap', { a: [0, 4], b: [8, 12] }, 12],
    ['bytes behind the last array', { a: [0, 4], b: [4, 8] }, 12],
  ])('refuses a file of which a part %s', (message, offsets, size) => {
    const entries = Object.entries(offsets).map(([name, [begin, end]]) => {
      return [name, { dtype: 'U8', shape: [end! - begin!], data_offsets: [begin, end] }]
    })
    expect(() => read(withHeader(JSON.stringify(Object.fromEntries(entries)), new Uint8Array(size)))).toThrow(message)
  })

  it('refuses more arrays than any model has, at once', () => {
    const entries = Array.from(
      { length: 400_000 },
      (_, at) => `"${at}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
    )
    const before = process.cpuUsage()
    expect(() => read(withHeader(`{${entries.join()}}`, new Uint8Array(0)))).toThrow('more than 65536 arrays')
    expect(process.cpuUsage(before).user / 1e3).toBeLessThan(5000)
  })

  it('refuses a file of ours with any bit flipped, its hash too, and one whose hash is gone', () => {
    const metadata = { format: 'siftrec-model', run: 'a' }
    const whole = encodeSafetensors({ a: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } }, metadata)
    expect(read(whole).metadata).toEqual(metadata)
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const flipped = whole.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => read(flipped), `bit ${bit}`).toThrow(/corrupted/)
    }
    const header = JSON.stringify({ __metadata__: metadata, a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } })
    expect(() => read(withHeader(header, new Uint8Array(1)))).toThrow('its SHA-256 is another')
  })

  it('refuses a file cut anywhere', () => {
    const whole = encodeSafetensors({
      a: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      b: { shape: [3], data: Uint8Array.of(1, 2, 3) },
    })
    read(whole)
    expect(readFileSync(path)).toHaveLength(whole.length)
    assert(
      property(integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => read(whole.subarray(0, length))).toThrow(UserError)
      }),
      { seed: 3 },
    )
  })

  it.each([
    'null',
    '3',
    '[]',
    '{"a":null}',
    '{"a":{"dtype":"F32"}}',
    '{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}',
    '{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}',
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}',
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}',
    '{"__metadata__":{"a":1}}',
  ])('calls a file with the header %s corrupted', (header) => {
    expect(() => read(withHeader(header))).toThrow(UserError)
  })
})
