import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { encodeSafetensors, kindOf, type StoredTensor } from './safetensors.ts'
import { openSafetensors, passSafetensors, type StreamedTensor, writeSafetensors } from './streamed-safetensors.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const path = join(folder.path, 'file.safetensors')

const tensors: Readonly<Record<string, StoredTensor>> = {
  bytes: { shape: [3], data: Uint8Array.of(1, 2, 3) },
  table: { shape: [5, 2], data: Float32Array.from({ length: 10 }, (_, at) => at / 4) },
  ids: { shape: [2], data: BigInt64Array.of(7n, -1n) },
  nothing: { shape: [0], data: new Float32Array(0) },
}
/** The same in stretches of four numbers at most. */
const streamed = (told: string[] = []): Record<string, StreamedTensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      {
        shape,
        kind: kindOf(data),
        // biome-ignore lint/suspicious/useAwait: others wait for ranks
        async *stretches() {
          told.push(name)
          for (let at = 0; at < data.length; at += 4) yield data.subarray(at, at + 4)
        },
      },
    ]),
  )
const metadata = { format: 'siftrec-test' }

describe('streamed safetensors', () => {
  it('have the bytes of those that are encoded at once', async () => {
    await writeSafetensors(path, streamed(), metadata)
    expect(readFileSync(path).equals(encodeSafetensors(tensors, metadata))).toBe(true)
  })

  it('are read in stretches', () => {
    writeFileSync(path, encodeSafetensors(tensors, metadata))
    using file = openSafetensors(path)
    expect(file.metadata).toEqual(metadata)
    expect(file.contentOf('table')).toEqual({ kind: 'F32', length: 10 })
    expect(file.contentOf('other')).toBeUndefined()
    const found = [...file.stretches('table', 4)]
    expect(found.map(({ first }) => first)).toEqual([0, 4, 8])
    expect(found.flatMap(({ stretch }) => [...(stretch as Float32Array)])).toEqual([...tensors['table']!.data])
    expect([...file.stretches('ids', 4)]).toEqual([{ first: 0, stretch: tensors['ids']!.data }])
  })

  it('are gone through in the order in which they are written', async () => {
    const [written, passed]: [string[], string[]] = [[], []]
    await writeSafetensors(path, streamed(written), metadata)
    await passSafetensors(streamed(passed))
    expect(passed).toEqual(written)
    expect(written[0]).toBe('ids')
  })

  it('refuse a file with a flipped bit, in its arrays as in its head', () => {
    const bytes = encodeSafetensors(tensors, metadata)
    for (const at of [bytes.length - 1, bytes.length - 40, 60]) {
      writeFileSync(
        path,
        bytes.map((value, index) => (index === at ? value ^ 1 : value)),
      )
      expect(() => openSafetensors(path)).toThrow(/corrupted/)
    }
  })

  it('leave nothing behind where a stretch fails', async () => {
    const other = join(folder.path, 'other.safetensors')
    const failing: StreamedTensor = {
      shape: [2],
      kind: 'F32',
      // biome-ignore lint/suspicious/useAwait: others wait for ranks
      async *stretches() {
        yield new Float32Array(1)
        throw new Error('a rank is gone')
      },
    }
    await expect(writeSafetensors(other, { failing }, metadata)).rejects.toThrow('a rank is gone')
    expect(existsSync(other)).toBe(false)
  })
})
