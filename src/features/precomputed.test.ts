import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'npyjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FeatureTable } from '../dataset/schema.ts'
import { encodeSafetensors } from '../storage/safetensors.ts'
import { type PrecomputedFile, precomputedFeatures } from './precomputed.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'siftrec-precomputed-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function put(name: string, content: Uint8Array | string | readonly number[]): string {
  const path = join(folder, name)
  writeFileSync(
    path,
    Array.isArray(content) ? new Uint8Array(Float32Array.from(content).buffer) : (content as Uint8Array | string),
  )
  return path
}

const six = [1, 2, 3, 4, 5, 6]
const catalogOf = (...items: string[]) => ({
  ids: ['', ...items],
  titles: ['', ...items],
  images: [null, ...items.map(() => null)],
})

async function textOf(file: PrecomputedFile, ...items: string[]): Promise<FeatureTable> {
  const { text } = await precomputedFeatures({ text: file })(catalogOf(...items))
  if (!text) throw new Error('no text')
  return text.table
}
/** The sentence it refuses with, less the folder; `async` so that a throw before the first wait is seen too. */
async function refusal(file: PrecomputedFile, ...items: string[]): Promise<string> {
  const error = await (async () => textOf(file, ...items))().then(
    () => new Error('not refused'),
    (thrown: unknown) => thrown as Error,
  )
  return `${error.name}: ${error.message.replaceAll(`${folder}/`, '')}`
}

describe('precomputedFeatures', () => {
  it('joins raw rows to items by id, whatever their order, and masks the items it lacks', async () => {
    const table = await textOf(
      { vectors: put('a.bin', six), ids: put('a.ids', 'x\ny\nz\n'), width: 2 },
      'z',
      'missing',
      'x',
    )
    expect([...table.present]).toEqual([0, 1, 0, 1])
    expect([...table.vectors]).toEqual([0, 0, 5, 6, 0, 0, 1, 2])
  })

  it('reads id<TAB>row, in any order of lines', async () => {
    const table = await textOf(
      { vectors: put('b.bin', six), ids: put('b.ids', 'y\t2\r\nx\t0\r\n'), width: 2 },
      'x',
      'y',
    )
    expect([...table.vectors]).toEqual([0, 0, 1, 2, 5, 6])
  })

  it('takes items as named by row only where no id is an item', async () => {
    const file = { vectors: put('c.bin', six), ids: put('c.ids', 'ASIN1\t2\nASIN2\t0\n'), width: 2 }
    expect([...(await textOf(file, '0', '2')).vectors]).toEqual([0, 0, 1, 2, 5, 6])
    expect([...(await textOf(file, 'ASIN1', '0')).present]).toEqual([0, 1, 0])
  })

  it('reads .npy of float32 and float64', async () => {
    const ids = put('d.ids', 'x\ny\nz')
    for (const data of [Float32Array.from(six), Float64Array.from(six)]) {
      const table = await textOf({ vectors: put('d.npy', new Uint8Array(dump(data, [3, 2]))), ids }, 'y')
      expect([...table.vectors]).toEqual([0, 0, 3, 4])
    }
  })

  it('reads safetensors, with ids in its metadata', async () => {
    const data = Float32Array.from(six)
    const bytes = encodeSafetensors(
      { text: { shape: [3, 2], data }, other: { shape: [6], data } },
      { ids: '["x","y","z"]' },
    )
    expect([...(await textOf({ vectors: put('e.safetensors', bytes) }, 'y')).vectors]).toEqual([0, 0, 3, 4])
  })

  it('marks a row of zeros as missing', async () => {
    const table = await textOf({ vectors: put('f.bin', [0, 0, 1, 2]), ids: put('f.ids', 'x\ny'), width: 2 }, 'x', 'y')
    expect([...table.present]).toEqual([0, 0, 1])
  })
})

describe('what it refuses', () => {
  it('names the row of a number that is not finite', async () => {
    const ids = put('g.ids', 'x\ny\nz')
    expect(await refusal({ vectors: put('g.bin', [1, 2, 3, Number.NaN, 5, 6]), ids, width: 2 }, 'x')).toBe(
      'UserError: g.bin row 1 (rows count from 0): invalid: NaN, expected finite numbers',
    )
    expect(
      await refusal({ vectors: put('g2.bin', [1, 2, 3, 4, 5, Number.POSITIVE_INFINITY]), ids, width: 2 }, 'x'),
    ).toContain('g2.bin row 2')
  })

  it('names the width, of a file that tells it and of one that does not', async () => {
    const ids = put('h.ids', 'x\ny\nz')
    const npy = put('h.npy', new Uint8Array(dump(Float32Array.from(six), [3, 2])))
    expect(await refusal({ vectors: npy, ids, width: 4 }, 'x')).toBe(
      'UserError: h.npy: mismatched: width 2, expected width 4',
    )
    expect(await refusal({ vectors: put('h.bin', six), ids }, 'x')).toMatch(
      /^UserError: h.bin: mismatched: 24 bytes, expected whole rows of 512 float32/,
    )
  })

  it('names the counts, when ids and rows differ', async () => {
    expect(await refusal({ vectors: put('i.bin', six), ids: put('i.ids', 'x\ny\n'), width: 2 }, 'x')).toBe(
      'UserError: i.ids: mismatched: 2 ids, expected 3, one for each row of vectors',
    )
  })

  it('names the line of ids', async () => {
    const vectors = put('j.bin', six)
    const beyond = put('j1.ids', 'x\t0\ny\t3\n')
    expect(await refusal({ vectors, ids: beyond, width: 2 }, 'x')).toMatch(
      /^UserError: j1.ids row 2: invalid: "y\\t3", expected an id, a tab and a row from 0 to 2/,
    )
    const twice = put('j2.ids', 'x\ny\nx\n')
    expect(await refusal({ vectors, ids: twice, width: 2 }, 'x')).toBe('UserError: j2.ids row 3: duplicate: "x"')
    expect(await refusal({ vectors, width: 2 }, 'x')).toMatch(/^UserError: j.bin: missing: which item each row/)
  })

  it('says so when no id is in the catalog', async () => {
    const file = { vectors: put('k.bin', six), ids: put('k.ids', 'x\ny\nz\n'), width: 2 }
    expect(await refusal(file, '7')).toBe(
      'UserError: k.ids: mismatched: none of its ids is an item of the catalog, such as "x", expected ids such as "7"',
    )
  })

  it('names files that are absent or torn', async () => {
    expect(await refusal({ vectors: join(folder, 'none.npy') }, 'x')).toMatch(/^UserError: none.npy: missing/)
    expect(await refusal({ vectors: put('l.bin', six), ids: join(folder, 'none.ids'), width: 2 }, 'x')).toMatch(
      /^UserError: none.ids: missing/,
    )
    const whole = new Uint8Array(dump(Float32Array.from(six), [3, 2]))
    expect(await refusal({ vectors: put('l.npy', whole.subarray(0, whole.length - 8)) }, 'x')).toMatch(
      /^UserError: l.npy: corrupted: 4 numbers/,
    )
    expect(await refusal({ vectors: put('m.npy', 'words') }, 'x')).toMatch(/^UserError: m.npy: corrupted/)
    expect(await refusal({ vectors: put('n.npy', new Uint8Array(dump(Int32Array.from(six), [3, 2]))) }, 'x')).toMatch(
      /^UserError: n.npy: unsupported/,
    )
  })
})

describe('what is no file', () => {
  it.each(['.npy', '.safetensors', '.bin'])('is refused at once: %s', async (extension) => {
    const ids = put(`o${extension}.ids`, 'x')
    const pipe = join(folder, `pipe${extension}`)
    execFileSync('mkfifo', [pipe])
    expect(await refusal({ vectors: pipe, ids, width: 2 }, 'x')).toBe(
      `UserError: pipe${extension}: invalid: not a regular file, expected the file of vectors`,
    )
    const within = join(folder, `folder${extension}`)
    mkdirSync(within)
    expect(await refusal({ vectors: within, ids, width: 2 }, 'x')).toBe(
      `UserError: folder${extension}: invalid: a folder, expected the file of vectors`,
    )
    const vectors = put(`p${extension}.bin`, [1, 2])
    expect(await refusal({ vectors, ids: folder, width: 2 }, 'x')).toMatch(
      /invalid: a folder, expected the file of item ids$/,
    )
    expect(await refusal({ vectors, ids: pipe, width: 2 }, 'x')).toMatch(/invalid: not a regular file/)
    const cut = put(`cut${extension}`, extension === '.bin' ? new Uint8Array(7) : '')
    expect(await refusal({ vectors: cut, ids, width: 2 }, 'x')).toMatch(/^UserError: cut.*: (corrupted|mismatched): /)
  })

  it('is refused where it is too large to be read at once', async () => {
    const vectors = put('huge.bin', '')
    truncateSync(vectors, 2 ** 31 + 8)
    expect(await refusal({ vectors, ids: put('q.ids', 'x'), width: 2 }, 'x')).toBe(
      'UserError: huge.bin: invalid: 2.1 GB, expected the file of vectors, of at most 2 GB',
    )
  })
})

const real = '../shared/data/amazon-scientific/Scientific'
const absent = !existsSync(`${real}.feat1CLS`)
if (absent) console.log('skipped: precomputed vectors of amazon-scientific, whose folder is absent')

describe.skipIf(absent)('the published vectors of amazon-scientific', () => {
  const file = { vectors: `${real}.feat1CLS`, ids: `${real}.item2index` }

  it('gives item "17" row 17, and the item of an ASIN the row its line says', async () => {
    const bytes = readFileSync(file.vectors)
    const numbers = (row: number): number[] =>
      Array.from({ length: 512 }, (_, at) => bytes.readFloatLE(4 * (row * 512 + at)))
    const [asin = '', row = ''] = readFileSync(file.ids, 'utf8').split('\n')[700]?.split('\t') ?? []
    expect([...(await textOf(file, '17', '1584')).vectors]).toEqual([
      ...Array<number>(512).fill(0),
      ...numbers(17),
      ...numbers(1584),
    ])
    expect([...(await textOf(file, asin)).vectors.subarray(512)]).toEqual(numbers(Number(row)))
  })

  it('has a vector for each of the 1,585 items', async () => {
    const table = await textOf(file, ...Array.from({ length: 1585 }, (_, row) => String(row)))
    expect(table.present.reduce((sum, one) => sum + one, 0)).toBe(1585)
  })
})
