import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { paintedPixels } from '../../../test/fixtures/painted-picture.ts'
import { pilBytes, tinyModel } from '../../../test/fixtures/tiny-models.ts'
import { decodePicture } from '../picture-file.ts'
import { pixelValues, preprocessingOf, resized } from './pixel-values.ts'

const painted = (width: number, height: number, seed: number) => ({
  width,
  height,
  data: paintedPixels(width, height, seed),
})
const largest = (found: ArrayLike<number>, right: ArrayLike<number>): number =>
  Array.from(found).reduce((most, value, at) => Math.max(most, Math.abs(value - (right[at] as number))), 0)
const clip = JSON.parse(readFileSync('test/fixtures/tiny-clip/preprocessor_config.json', 'utf8')) as object

describe('resizing', () => {
  it.each(pilBytes().resizes.map((row, at) => ({ ...row, seed: at % 4 })))(
    'gives PIL’s bytes: $from to $to by filter $filter',
    ({ from: [width, height], to, filter, bytes, seed }) => {
      const size = { width: to[0], height: to[1] }
      const made = resized(painted(width, height, seed), { size, filter, scale: 1, mean: [], deviation: [] })
      expect(made).toMatchObject(size)
      const right = Buffer.from(bytes, 'base64')
      expect(made.data.length).toBe(right.length)
      expect(largest(made.data, right)).toBe(0)
    },
  )

  it('of the middle alone gives the middle of the whole', () => {
    const rules = { filter: 3, scale: 1, mean: [], deviation: [] }
    const whole = resized(painted(61, 33, 1), { ...rules, size: { width: 59, height: 32 } })
    const middle = resized(painted(61, 33, 1), { ...rules, size: 32, crop: { width: 32, height: 32 } })
    const rows = Array.from({ length: 32 }, (_, row) => whole.data.subarray((row * 59 + 13) * 3, (row * 59 + 45) * 3))
    expect(Buffer.from(middle.data)).toEqual(Buffer.concat(rows))
  })

  it('adds black where the picture is smaller than what is cut out', () => {
    const picture = { width: 2, height: 1, data: Uint8Array.from([9, 8, 7, 6, 5, 4]) }
    const rules = { filter: 3, scale: 1, mean: [], deviation: [] }
    const { data } = resized(picture, { ...rules, crop: { width: 4, height: 2 } })
    expect([...data]).toEqual([...Array(12).fill(0), 0, 0, 0, 9, 8, 7, 6, 5, 4, 0, 0, 0])
  })
})

describe('a JPEG file', () => {
  it('is decoded within one grey level of PIL', async () => {
    const { file, bytes, size } = pilBytes().jpeg
    const decoded = await decodePicture(Buffer.from(file, 'base64'))
    expect([decoded?.width, decoded?.height]).toEqual(size)
    expect(largest(decoded?.data ?? [], Buffer.from(bytes, 'base64'))).toBeLessThanOrEqual(1)
  })
})

describe('what a model reads', () => {
  it('is what Python’s processor makes of the picture', () => {
    const { expected } = tinyModel('tiny-clip')
    const made = pixelValues(painted(40, 60, 0), preprocessingOf(clip, 'x'))
    expect(made.values.length).toBe(expected.pixels.length)
    expect(largest(made.values, expected.pixels)).toBeLessThan(1e-6)
  })

  it('has both sides where both are given, and other means', () => {
    const { folder, expected } = tinyModel('tiny-siglip')
    const rules = preprocessingOf(JSON.parse(readFileSync(`${folder}/preprocessor_config.json`, 'utf8')), 'x')
    expect(rules).toMatchObject({ size: { width: 24, height: 24 }, filter: 2 })
    expect(largest(pixelValues(painted(40, 60, 0), rules).values, expected.pixels)).toBeLessThan(1e-6)
  })

  it('reads one number as old files mean it: the shorter side, or both where nothing is cut out', () => {
    expect(preprocessingOf({ size: 224, do_center_crop: true, crop_size: 224 }, 'x')).toMatchObject({
      size: 224,
      crop: { width: 224, height: 224 },
    })
    expect(preprocessingOf({ size: 224 }, 'x').size).toEqual({ width: 224, height: 224 })
  })

  it.each([
    [{ resample: 0 }, /^x: unsupported: resample 0, expected 1 \(Lanczos\), 2 \(bilinear\) or 3/],
    [{ do_pad: true }, /^x: unsupported: do_pad/],
    [{ size: { shortest_edge: 9 } }, /^x: unsupported: size\.shortest_edge without a crop/],
    [{ image_mean: [1] }, /^x image_mean: invalid: /],
  ])('refuses what is done otherwise: %j', (config, message) => {
    expect(() => preprocessingOf(config, 'x')).toThrow(message)
  })
})
