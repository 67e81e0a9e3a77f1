import { fork } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type CountingOptions, countingEncoder } from '../../test/fixtures/counting-encoder.ts'
import { encodeKept } from './encode-catalog.ts'

const place = mkdtempSync(join(tmpdir(), 'siftrec-kept-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** Encodes texts, the pad before them, and tells which were encoded. */
async function encode(folder: string, inputs: readonly (string | null)[], options: CountingOptions = {}) {
  const [computed, lines]: [string[], string[]] = [[], []]
  const encoder = countingEncoder({ ...options, before: (texts) => computed.push(...texts) })
  const catalog = { inputs: [null, ...inputs], what: 'texts', report: (line: string) => lines.push(line) }
  const made = await encodeKept(encoder, catalog, join(place, folder))
  return { made, computed, lines }
}
const vectorsOf = ({ made }: Awaited<ReturnType<typeof encode>>): number[][] =>
  Array.from(made?.table.present ?? [], (_, item) => [...(made?.table.vectors.subarray(2 * item, 2 * item + 2) ?? [])])
const fileIn = (folder: string): string => {
  const [name] = readdirSync(join(place, folder)).filter((file) => file.endsWith('.vectors'))
  return join(place, folder, name as string)
}

describe('a catalog whose vectors are kept', () => {
  it('has those of every item, and names what cannot be read', async () => {
    const first = await encode('whole', ['a', null, 'bbb', '?', '0', 'cc'])
    expect(vectorsOf(first)).toEqual([0, 1, 0, 3, 0, 0, 2].map((length) => [length, length && 1]))
    expect([...first.made!.table.present]).toEqual([0, 1, 0, 1, 0, 0, 1])
    expect(first.made!.broken).toEqual(['?'])
    expect(first.lines.at(-1)).toMatch(/^texts: 4 encoded, .* a second; 1 were known or could not be read$/)
    expect((await encode('whole', ['?', 'a', '?'])).made!.broken).toEqual(['?'])
    expect((await encode('whole', [null])).made).toBeUndefined()
  })

  it('computes only what is new the second time, whatever the order', async () => {
    await encode('again', ['a', 'bb'])
    const second = await encode('again', ['bb', 'ccc', 'a'])
    expect(second.computed).toEqual(['ccc'])
    expect(vectorsOf(second)).toEqual([0, 2, 3, 1].map((length) => [length, length && 1]))
    expect((await encode('again', ['ccc', 'bb'])).computed).toEqual([])
    expect((await encode('again', ['a', '0'])).computed).toEqual(['0'])
    expect([...(await encode('again', ['0'])).made!.table.present]).toEqual([0, 0])
  })

  it('computes equal inputs once, in one batch or in the next', async () => {
    const made = await encode('equal', ['same', 'same', 'other', 'same'])
    expect(made.computed).toEqual(['same', 'other'])
    expect(vectorsOf(made).slice(1)).toEqual([4, 4, 5, 4].map((length) => [length, 1]))
  })

  it('computes all again with another model or preprocessing', async () => {
    await encode('other', ['a', 'bb'])
    expect((await encode('other', ['a', 'bb'], { fingerprint: 'two' })).computed).toEqual(['a', 'bb'])
  })

  it('refuses a vector that is not finite, by the name of its input, and keeps none of its batch', async () => {
    await expect(encode('odd', ['a', 'bb', 'ccc', 'NaN'])).rejects.toThrow(
      /^NaN: invalid: a vector that is not finite by counting/,
    )
    expect((await encode('odd', ['a', 'bb', 'ccc'])).computed).toEqual(['ccc'])
  })

  it('computes again what was damaged or torn on the disk', async () => {
    await encode('torn', ['a', 'bb', 'ccc', 'dddd'])
    const bytes = readFileSync(fileIn('torn'))
    const size = bytes.length / 4
    bytes[2 * size + 33]! ^= 1
    writeFileSync(fileIn('torn'), bytes.subarray(0, bytes.length - 5))
    const mended = await encode('torn', ['a', 'bb', 'ccc', 'dddd'])
    expect(mended.computed).toEqual(['ccc', 'dddd'])
    expect(statSync(fileIn('torn')).size).toBe(5 * size)
    appendFileSync(fileIn('torn'), 'half')
    expect((await encode('torn', ['a', 'bb', 'ccc', 'dddd', 'eeeee'])).computed).toEqual(['eeeee'])
    expect((await encode('torn', ['a', 'bb', 'ccc', 'dddd', 'eeeee'])).computed).toEqual([])
  })

  it('may be made twice at once', async () => {
    const texts = Array.from({ length: 40 }, (_, at) => 'x'.repeat(at + 1))
    await Promise.all([encode('both', texts), encode('both', texts)])
    expect((await encode('both', texts)).computed).toEqual([])
  })

  it('loses at most the batch that was encoded when the process was killed', async () => {
    const folder = join(place, 'killed')
    const child = fork('test/fixtures/slow-encoding.ts', [folder], { execArgv: ['--import', 'tsx'] })
    const begun = await new Promise<number>((resolve) => {
      let batches = 0
      child.on('message', () => {
        if (++batches === 6) child.kill('SIGKILL')
      })
      child.on('close', () => resolve(batches))
    })
    expect(begun).toBeLessThan(50)
    const { computed } = await encode(
      'killed',
      Array.from({ length: 200 }, (_, at) => `text ${at}`),
    )
    expect(computed.length).toBeLessThanOrEqual(200 - 4 * (begun - 1))
    expect(computed.length).toBeGreaterThan(0)
  })
})
