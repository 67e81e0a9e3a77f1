import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FeatureTable, MadeFeatures } from '../dataset/schema.ts'
import { encodeCatalog } from './encode-catalog.ts'
import { imageEncoder } from './image.ts'
import { localFeatures } from './local.ts'
import { textEncoder } from './text.ts'

let folder = ''
const at = (name: string): string => join(folder, name)

async function paint(name: string, background: string): Promise<void> {
  await sharp({ create: { width: 96, height: 144, channels: 3, background } })
    .jpeg()
    .toFile(at(name))
}

/** Stripes of black and white, 12 pixels wide, across or down. */
async function stripe(name: string, across: boolean): Promise<void> {
  const pixels = Uint8Array.from({ length: 96 * 144 }, (_, pixel) => {
    const place = across ? Math.floor(pixel / 96) : pixel % 96
    return Math.floor(place / 12) % 2 === 0 ? 0 : 255
  })
  await sharp(pixels, { raw: { width: 96, height: 144, channels: 1 } })
    .png()
    .toFile(at(name))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siftrec-features-'))
  await Promise.all([paint('red.jpg', '#d01010'), paint('crimson.jpg', '#c81818'), paint('blue.jpg', '#1010d0')])
  await Promise.all([stripe('rows.png', true), stripe('columns.png', false)])
  const whole = await sharp(at('rows.png')).jpeg().toBuffer()
  writeFileSync(at('torn.jpg'), whole.subarray(0, Math.floor(whole.length / 2)))
  writeFileSync(at('words.jpg'), 'no picture at all')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const row = ({ vectors, width }: FeatureTable, item: number): Float32Array =>
  vectors.subarray(item * width, (item + 1) * width)
const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] as number), 0)

async function ofTitles(...titles: string[]): Promise<FeatureTable> {
  const { vectors, present } = await (await textEncoder()).encode(titles)
  return { width: 512, vectors, present }
}
async function ofPictures(...names: string[]): Promise<FeatureTable> {
  const { vectors, present } = await imageEncoder().encode(names.map(at))
  return { width: 512, vectors, present }
}
async function ofCatalog(
  titles: string[],
  images: (string | null)[],
): Promise<Partial<Record<'image' | 'text', MadeFeatures>>> {
  return localFeatures()({ ids: titles.map(String), titles, images })
}

describe('text encoder', () => {
  it('gives the same bytes for the same text, and unit length', async () => {
    const [once, again] = [await ofTitles('Toy Story (1995)'), await ofTitles('Toy Story (1995)')]
    expect(once.vectors).toEqual(again.vectors)
    expect(dot(row(once, 0), row(once, 0))).toBeCloseTo(1, 5)
  })

  it('does not depend on the batch a text is in', async () => {
    const [alone, third] = [await ofTitles('Heat'), await ofTitles('Casino', 'Sabrina', 'Heat')]
    expect(row(third, 2)).toEqual(row(alone, 0))
  })

  it('puts similar titles nearer than different ones', async () => {
    const table = await ofTitles('Toy Story', 'Toy Story 2', 'The Godfather')
    expect(dot(row(table, 0), row(table, 1))).toBeGreaterThan(0.7)
    expect(Math.abs(dot(row(table, 0), row(table, 2)))).toBeLessThan(0.3)
  })

  it('finds a misspelled word by its parts, and ignores case', async () => {
    const table = await ofTitles('thermometer', 'thermometers', 'TherMoMeter', 'gloves')
    expect(dot(row(table, 0), row(table, 1))).toBeGreaterThan(0.6)
    expect(row(table, 2)).toEqual(row(table, 0))
    expect(dot(row(table, 0), row(table, 3))).toBeLessThan(0.3)
  })

  it('has no vector for a text without letters or digits, and one for other scripts', async () => {
    expect([...(await ofTitles('', '  ', '?!', '七人の侍', 'Ёлки')).present]).toEqual([0, 0, 0, 1, 1])
  })
})

describe('image encoder', () => {
  it('gives the same bytes for the same picture, and unit length', async () => {
    const [once, again] = [await ofPictures('rows.png'), await ofPictures('rows.png')]
    expect(once.vectors).toEqual(again.vectors)
    expect(dot(row(once, 0), row(once, 0))).toBeCloseTo(1, 5)
  })

  it('tells colors apart: red is nearer to crimson than to blue', async () => {
    const table = await ofPictures('red.jpg', 'crimson.jpg', 'blue.jpg')
    expect(dot(row(table, 0), row(table, 1))).toBeGreaterThan(0.95)
    expect(dot(row(table, 0), row(table, 2))).toBeLessThan(0.5)
  })

  it('tells directions apart, where colors are the same', async () => {
    const table = await ofPictures('rows.png', 'columns.png')
    expect(dot(row(table, 0), row(table, 1))).toBeLessThan(0.9)
  })
})

describe('localFeatures', () => {
  it('reports broken pictures by file and marks them missing, beside those that were never there', async () => {
    const images = [null, at('red.jpg'), at('torn.jpg'), null, at('words.jpg'), at('absent.jpg')]
    const { image } = await ofCatalog(['', '', '', '', '', ''], images)
    expect(image?.broken).toEqual(['torn.jpg', 'words.jpg', 'absent.jpg'])
    expect([...(image?.table.present ?? [])]).toEqual([0, 1, 0, 0, 0, 0])
    expect(image?.table.vectors.subarray(2 * 512).every((value) => value === 0)).toBe(true)
  })

  it('names a broken picture once, of however many items it is, as of the sizes of one product', async () => {
    const { image } = await ofCatalog(['', '', '', ''], [null, at('words.jpg'), at('red.jpg'), at('words.jpg')])
    expect(image?.broken).toEqual(['words.jpg'])
    expect([...(image?.table.present ?? [])]).toEqual([0, 0, 1, 0])
  })

  it('encodes a title that several items have once, for all of them', async () => {
    const asked: string[][] = []
    const encoder = {
      name: 'lengths',
      width: 1,
      batchSize: 2,
      async encode(inputs: readonly string[]) {
        asked.push([...inputs])
        return {
          vectors: Float32Array.from(inputs, ({ length }) => length),
          present: new Uint8Array(inputs.length).fill(1),
        }
      },
    }
    const inputs = [null, 'shirt', 'hat', 'shirt', null, 'jacket', 'hat']
    const made = await encodeCatalog(encoder, { inputs, what: 'titles', report: () => undefined })
    expect(asked).toEqual([['shirt', 'hat'], ['jacket']])
    expect([...(made?.table.vectors ?? [])]).toEqual([0, 5, 3, 5, 0, 6, 3])
    expect([...(made?.table.present ?? [])]).toEqual([0, 1, 1, 1, 0, 1, 1])
  })

  it('reports what is no file at all as a broken picture, and does not wait for it', async () => {
    execFileSync('mkfifo', [at('pipe.png')])
    mkdirSync(at('folder.png'))
    symlinkSync(at('nowhere.png'), at('link.png'))
    symlinkSync('/dev/zero', at('device.png'))
    symlinkSync(at('pipe.png'), at('piped.png'))
    writeFileSync(at('nothing.png'), '')
    writeFileSync(at('vast.png'), '')
    truncateSync(at('vast.png'), 200_000_000)
    const broken = ['pipe', 'folder', 'link', 'device', 'piped', 'nothing', 'vast'].map((name) => `${name}.png`)
    const { image } = await ofCatalog(['', '', ...broken.map(() => '')], [null, at('red.jpg'), ...broken.map(at)])
    expect(image?.broken).toEqual(broken)
    expect([...(image?.table.present ?? [])]).toEqual([0, 1, ...broken.map(() => 0)])
  })

  it('reports a picture of too many points', async () => {
    await sharp({ create: { width: 11_000, height: 11_000, channels: 3, background: '#123456' } })
      .png({ compressionLevel: 1 })
      .toFile(at('wide.png'))
    expect((await ofCatalog(['', ''], [null, at('wide.png')])).image?.broken).toEqual(['wide.png'])
  })

  it('leaves out a modality that no item has', async () => {
    expect(await ofCatalog(['', '', ''], [null, null, null])).toEqual({})
    expect(Object.keys(await ofCatalog(['', 'Heat', ''], [null, null, null]))).toEqual(['text'])
  })

  it('masks the pad and items without a title', async () => {
    const { text } = await ofCatalog(['', 'Heat', '', 'Casino'], [null, null, null, null])
    expect([...(text?.table.present ?? [])]).toEqual([0, 1, 0, 1])
    expect(text?.broken).toEqual([])
    expect(text?.encoder).toContain('local-text')
  })
})
