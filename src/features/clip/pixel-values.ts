/** @file A picture as the numbers that a vision model reads, by the rules of its `preprocessor_config.json`. */
import * as z from 'zod'
import { UserError } from '../../errors.ts'
import type { Pixels } from '../picture-file.ts'
import { filters, resample, type Span } from './resample.ts'

const side = z.int().min(1).max(8192)
const sides = z.strictObject({ height: side, width: side })
const rates = z.array(z.number()).length(3)

/** `preprocessor_config.json`: the keys that change a picture. */
const preprocessorSchema = z.looseObject({
  do_resize: z.boolean().default(true),
  size: z.union([side, z.strictObject({ shortest_edge: side }), sides]).optional(),
  resample: z.int().default(3),
  do_center_crop: z.boolean().default(false),
  crop_size: z.union([side, sides]).optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z.number().default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: rates.default([0.5, 0.5, 0.5]),
  image_std: rates.default([0.5, 0.5, 0.5]),
  do_pad: z.boolean().nullish(),
  crop_pct: z.number().nullish(),
})

/** What is done to a picture before a vision model reads it. */
export interface Preprocessing {
  /** The shorter side, or both; as it is without. */
  readonly size?: number | { readonly width: number; readonly height: number }
  /** PIL's number of the filter. */
  readonly filter: number
  /** The middle that is kept; all without. */
  readonly crop?: { readonly width: number; readonly height: number }
  /** A byte becomes (byte * scale - mean) / deviation, by color. */
  readonly scale: number
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

/**
 * Reads `preprocessor_config.json`.
 * @throws UserError `invalid` for a key that is not as expected, `unsupported` for what is not done here
 */
export function preprocessingOf(config: unknown, where: string): Preprocessing {
  const { data, error } = preprocessorSchema.safeParse(config)
  if (!data) {
    const issue = error.issues[0]
    throw new UserError({ where: `${where} ${issue?.path.join('.')}`, problem: 'invalid', value: issue?.message ?? '' })
  }
  const refuse = (value: string, expected: string): UserError =>
    new UserError({ where, problem: 'unsupported', value, expected })
  if (data.do_pad) throw refuse('do_pad', 'a model whose pictures are resized and cropped')
  if (data.crop_pct) throw refuse('crop_pct', 'a model whose pictures are resized and cropped')
  if (!filters[data.resample])
    throw refuse(`resample ${data.resample}`, '1 (Lanczos), 2 (bilinear) or 3 (bicubic), by the numbers of PIL')
  const { size, crop_size: crop } = data
  if (typeof size === 'object' && 'shortest_edge' in size && !(data.do_center_crop && crop !== undefined))
    throw refuse('size.shortest_edge without a crop', 'a model whose pictures all become one size')
  const shorter = typeof size === 'object' && 'shortest_edge' in size ? size.shortest_edge : size
  // An old file has one number, and means the shorter side where the middle is cut out, else both.
  const whole = typeof shorter === 'number' && typeof size === 'number' && !data.do_center_crop
  return {
    ...(data.do_resize && shorter !== undefined && { size: whole ? squareOf(shorter) : shorter }),
    filter: data.resample,
    ...(data.do_center_crop && crop !== undefined && { crop: squareOf(crop) }),
    scale: data.do_rescale ? data.rescale_factor : 1,
    mean: data.do_normalize ? data.image_mean : [0, 0, 0],
    deviation: data.do_normalize ? data.image_std : [1, 1, 1],
  }
}

const squareOf = <Sides>(size: number | Sides): Sides | { width: number; height: number } =>
  typeof size === 'number' ? { width: size, height: size } : size

/** A picture as [3, height, width] numbers. */
export interface PixelValues {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
}

/** Resizes, crops, scales and centers a picture. */
export function pixelValues(pixels: Pixels, preprocessing: Preprocessing): PixelValues {
  return centered(resized(pixels, preprocessing), preprocessing)
}

/** The bytes that a model's numbers are made of: resized, and of that the middle; black where it is not so large. */
export function resized(pixels: Pixels, { size, crop, filter }: Preprocessing): Pixels {
  const whole = wholeSize(pixels, size)
  const cut = crop ?? whole
  const across = middleOf(whole.width, cut.width)
  const down = middleOf(whole.height, cut.height)
  const kept = resample(pixels, across, down, filters[filter] as (typeof filters)[number])
  if (kept.width === cut.width && kept.height === cut.height) return kept
  const result = { ...cut, data: new Uint8Array(cut.width * cut.height * 3) }
  const left = Math.ceil((cut.width - kept.width) / 2)
  const top = Math.ceil((cut.height - kept.height) / 2)
  for (let row = 0; row < kept.height; row++) {
    const from = row * kept.width * 3
    result.data.set(kept.data.subarray(from, from + kept.width * 3), ((top + row) * cut.width + left) * 3)
  }
  return result
}

function wholeSize({ width, height }: Pixels, size: Preprocessing['size']): { width: number; height: number } {
  if (size === undefined) return { width, height }
  if (typeof size !== 'number') return size
  const longer = Math.trunc((size * Math.max(width, height)) / Math.min(width, height))
  return width <= height ? { width: size, height: longer } : { width: longer, height: size }
}

/** The middle of a side; all of it where it is shorter than what is wanted. */
function middleOf(length: number, count: number): Span {
  return { length, start: Math.max(0, Math.floor((length - count) / 2)), count: Math.min(length, count) }
}

/** What each byte becomes, by color, and the colors one after the other. */
function centered({ data, width, height }: Pixels, { scale, mean, deviation }: Preprocessing): PixelValues {
  const points = width * height
  const values = new Float32Array(3 * points)
  for (let color = 0; color < 3; color++) {
    const [middle, spread] = [mean[color] as number, deviation[color] as number]
    const valueOf = Float32Array.from({ length: 256 }, (_, byte) => (byte * scale - middle) / spread)
    for (let point = 0, at = color; point < points; point++, at += 3)
      values[color * points + point] = valueOf[data[at] as number] as number
  }
  return { width, height, values }
}
