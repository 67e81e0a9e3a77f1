import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paintedPicture, paintedPixels } from '../../../test/fixtures/painted-picture.ts'
import { tinyModel } from '../../../test/fixtures/tiny-models.ts'
import { type ClipOptions, clipFeatures } from './clip-features.ts'
import { labelNames } from './labels.ts'

const place = mkdtempSync(join(tmpdir(), 'siftrec-clip-'))
const at = (name: string): string => join(place, name)
const { folder } = tinyModel('tiny-clip')
afterAll(() => rmSync(place, { recursive: true, force: true }))

const red = { create: { width: 90, height: 60, channels: 3, background: '#d01010' } } as const
const glass = { create: { width: 90, height: 60, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } } as const

beforeAll(async () => {
  writeFileSync(at('painted.png'), await paintedPicture(40, 60, 0))
  writeFileSync(at('copy.png'), await paintedPicture(40, 60, 0))
  await sharp(red).png().toFile(at('red.png'))
  await sharp(red).toColorspace('cmyk').jpeg().toFile(at('cmyk.jpg'))
  await sharp({ ...red, create: { ...red.create, background: '#fff' } })
    .png()
    .toFile(at('white.png'))
  await sharp(glass).png().toFile(at('glass.png'))
  const frames = Buffer.concat([paintedPixels(40, 60, 0), paintedPixels(40, 60, 5)])
  await sharp(frames, { raw: { width: 40, height: 120, channels: 3, pageHeight: 60 } })
    .webp({ lossless: true, loop: 0, delay: [100, 100] })
    .toFile(at('moving.webp'))
  const lying = sharp(paintedPixels(40, 60, 0), { raw: { width: 40, height: 60, channels: 3 } })
  const turned = await lying.rotate(-90).png().toBuffer()
  await sharp(turned).withMetadata({ orientation: 6 }).png().toFile(at('turned.png'))
  await sharp(red).greyscale().png({ palette: false }).toFile(at('grey.png'))
  writeFileSync(at('torn.jpg'), (await sharp(red).jpeg().toBuffer()).subarray(0, 300))
})

async function make(titles: string[], images: (string | null)[], options: Partial<ClipOptions> = {}) {
  const lines: string[] = []
  const given = { model: folder, cache: at('cache'), report: (line: string) => lines.push(line), ...options }
  const maker = clipFeatures(given)
  const made = await maker({ ids: titles.map(String), titles, images: images.map((name) => name && at(name)) })
  const row = (modality: 'image' | 'text', item: number): Float32Array => {
    const { width, vectors } = made[modality]!.table
    return vectors.subarray(item * width, (item + 1) * width)
  }
  const likeness = (a: number, b: number): number =>
    row('image', a).reduce((sum, value, x) => sum + value * (row('image', b)[x] as number), 0)
  return { made, lines, row, likeness }
}

describe('features by CLIP', () => {
  it('are of pictures of every kind; what cannot be decoded is named', async () => {
    const names = ['painted', 'copy', 'turned', 'red', 'white', 'glass', 'grey'].map((name) => `${name}.png`)
    const images = [null, ...names, 'moving.webp', 'cmyk.jpg', 'torn.jpg', 'absent.jpg']
    const { made, likeness, lines } = await make(
      images.map(() => ''),
      images,
    )
    expect(Object.keys(made)).toEqual(['image'])
    expect(made.image?.broken).toEqual(['torn.jpg', 'absent.jpg'])
    expect([...made.image!.table.present]).toEqual([0, ...Array(9).fill(1), 0, 0])
    // Of an animation the first frame, upright what the camera noted to be turned, on white what is transparent.
    for (const [a, b] of [
      [1, 2],
      [1, 3],
      [1, 8],
      [5, 6],
    ] as const)
      expect(likeness(a, b)).toBeCloseTo(1, 6)
    expect(likeness(4, 9)).toBeGreaterThan(0.97)
    expect(likeness(4, 5)).toBeLessThan(0.9)
    expect(lines[0]).toMatch(/^pictures are read by tiny-clip: clip-image-1 \(vision_model\.onnx, sha256 /)
  })

  it('are read from the cache the second time', async () => {
    const cache = at('second')
    const first = await make(['', 'Heat', 'Casino'], [null, 'red.png', null], { cache })
    const second = await make(['', 'Casino', 'Heat'], [null, null, 'red.png'], { cache })
    expect(second.lines.filter((line) => line.includes('encoded'))).toEqual([
      'titles: 0 encoded; 2 were known or could not be read',
      'pictures: 0 encoded; 1 were known or could not be read',
    ])
    expect(second.row('text', 1)).toEqual(first.row('text', 2))
    expect(second.row('image', 2)).toEqual(first.row('image', 1))
  })

  it('of another text model, beside the pictures of the first', async () => {
    const textModel = tinyModel('tiny-siglip').folder
    const { made, lines } = await make(['', 'Heat'], [null, 'red.png'], { textModel })
    expect(lines[1]).toMatch(/^titles are read by tiny-siglip: clip-text-1 \(text_model\.onnx/)
    expect(lines[0]).toMatch(/^pictures are read by tiny-clip: clip-image-1/)
    expect(lines[1]).toContain(made.text?.encoder ?? 'none')
  })

  it('name the label that is nearest, of the picture or else of the title', async () => {
    const labels = { names: ['a story', 'the toy', 'seven'], field: 'category', prompt: '{}' }
    const { made, lines } = await make(['', '', 'the toy', ''], [null, 'red.png', null, null], { labels })
    expect(made.fields?.['category']?.[0]).toBe('')
    expect(labels.names).toContain(made.fields?.['category']?.[1])
    expect(made.fields?.['category']?.slice(2)).toEqual(['the toy', ''])
    expect(lines.at(-1)).toMatch(/^labels: .*the toy [12]/)
  })
})

describe('labels', () => {
  it('are parted by commas, two or more, each once', () => {
    expect(labelNames('dress, bag ,shoe')).toEqual(['dress', 'bag', 'shoe'])
    expect(() => labelNames('dress')).toThrow(/--labels: invalid: "dress", expected two labels or more/)
    expect(() => labelNames('dress,,bag')).toThrow(/--labels: invalid/)
    expect(() => labelNames('bag,dress,bag')).toThrow(/--labels: duplicate: "bag"/)
  })

  it('need a model that reads pictures and texts', () => {
    const bare = at('bare')
    mkdirSync(bare)
    writeFileSync(join(bare, 'config.json'), '{}')
    const labels = { names: ['a', 'b'], field: 'category', prompt: '{}' }
    expect(() => clipFeatures({ model: bare, cache: at('cache') })).toThrow(/bare: missing: onnx\/vision_model\.onnx/)
    expect(() => clipFeatures({ model: folder, textModel: bare, cache: at('cache'), labels })).toThrow(
      /missing: onnx\/text_model\.onnx, expected a model that reads pictures and texts, for labels/,
    )
  })
})
