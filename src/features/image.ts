/** @file Pictures to vectors without a model: color and gradient histograms on a grid, randomly projected. */
import { randomStream } from '../random/stream.ts'
import { type EncodedBatch, type Encoder, normalize } from './encoder.ts'
import { openPicture, pictureBytes } from './picture-file.ts'

/** Width of the vectors. */
const width = 512
/** Every picture is scaled to this size, whatever its proportions, so that a cell is the same place in each. */
const size = { columns: 48, rows: 64 }
const colorGrid = { columns: 2, rows: 3 }
const gradientGrid = { columns: 3, rows: 4 }
const hues = 8
const saturations = 3
const values = 3
const orientations = 8
const colorBins = hues * saturations * values
const cells = { color: colorGrid.columns * colorGrid.rows, gradient: gradientGrid.columns * gradientGrid.rows }
const featureSize = cells.color * colorBins + cells.gradient * orientations

/**
 * Encodes pictures as square roots of histograms (hue x saturation x value, and gradient directions weighted by
 * strength, each in the cells of a grid), minus the root of a uniform histogram, projected by a fixed Gaussian matrix
 * and L2-normalized. A file that cannot be read as a picture has no vector.
 */
export function imageEncoder(): Encoder<string> {
  const projection = gaussianMatrix()
  return {
    name: `local-image-2 (color and gradient histograms, ${width})`,
    width,
    batchSize: 2,
    async encode(batch) {
      const vectors = new Float32Array(batch.length * width)
      const encoded = await Promise.all(
        batch.map((path, row) => encodeOne(path, projection, vectors.subarray(row * width, (row + 1) * width))),
      )
      return { vectors, present: Uint8Array.from(encoded, Number) } satisfies EncodedBatch
    },
  }
}

async function encodeOne(path: string, projection: Float32Array, vector: Float32Array): Promise<boolean> {
  const pixels = await readPixels(path)
  if (!pixels) return false
  const features = describe(pixels)
  for (const [feature, value] of features.entries()) {
    if (value === 0) continue
    for (let at = 0, from = feature * width; at < width; at++)
      vector[at] = (vector[at] as number) + value * (projection[from + at] as number)
  }
  return normalize(vector)
}

/** Red, green and blue bytes at the common size; undefined if the file is not a picture. */
async function readPixels(path: string): Promise<Uint8Array | undefined> {
  const bytes = await pictureBytes(path)
  if (!bytes) return undefined
  try {
    return await openPicture(bytes).resize(size.columns, size.rows, { fit: 'fill' }).raw().toBuffer()
  } catch {
    return undefined
  }
}

function describe(pixels: Uint8Array): Float32Array {
  const features = new Float32Array(featureSize)
  const brightness = new Float32Array(size.columns * size.rows)
  for (let row = 0, at = 0; row < size.rows; row++) {
    for (let column = 0; column < size.columns; column++, at++) {
      const [red, green, blue] = [pixels[3 * at] as number, pixels[3 * at + 1] as number, pixels[3 * at + 2] as number]
      brightness[at] = 0.299 * red + 0.587 * green + 0.114 * blue
      const bin = cellOf(row, column, colorGrid) * colorBins + colorBin(red, green, blue)
      features[bin] = (features[bin] as number) + 1
    }
  }
  addGradients(features, brightness)
  for (let cell = 0; cell < cells.color; cell++) rootBlock(features.subarray(cell * colorBins, (cell + 1) * colorBins))
  for (let cell = 0, from = cells.color * colorBins; cell < cells.gradient; cell++, from += orientations) {
    rootBlock(features.subarray(from, from + orientations))
  }
  return features
}

function cellOf(row: number, column: number, grid: { columns: number; rows: number }): number {
  return Math.floor((row * grid.rows) / size.rows) * grid.columns + Math.floor((column * grid.columns) / size.columns)
}

function colorBin(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue)
  const spread = most - Math.min(red, green, blue)
  let hue = 0
  if (spread > 0) {
    if (most === red) hue = ((green - blue) / spread + 6) % 6
    else hue = most === green ? (blue - red) / spread + 2 : (red - green) / spread + 4
  }
  const step = (share: number, bins: number): number => Math.min(bins - 1, Math.floor(share * bins))
  const saturation = most === 0 ? 0 : spread / most
  // Rounded, so that red, where the circle of hues closes, is in the middle of a bin. Otherwise noise would move it to
  // either side.
  return (
    ((Math.round((hue / 6) * hues) % hues) * saturations + step(saturation, saturations)) * values +
    step(most / 256, values)
  )
}

function addGradients(features: Float32Array, brightness: Float32Array): void {
  const at = (row: number, column: number): number => brightness[row * size.columns + column] as number
  for (let row = 1; row < size.rows - 1; row++) {
    for (let column = 1; column < size.columns - 1; column++) {
      const [across, down] = [at(row, column + 1) - at(row, column - 1), at(row + 1, column) - at(row - 1, column)]
      const turn = (Math.atan2(down, across) + Math.PI) / Math.PI
      // Rounded too, so that horizontal and vertical edges, the most common ones, are in the middle of a bin.
      const orientation = Math.round(turn * orientations) % orientations
      const bin = cells.color * colorBins + cellOf(row, column, gradientGrid) * orientations + orientation
      features[bin] = (features[bin] as number) + Math.hypot(across, down)
    }
  }
}

/** The roots of a histogram's shares, minus the root of a uniform one, so that values are centered around zero. */
function rootBlock(block: Float32Array): void {
  const total = block.reduce((sum, value) => sum + value, 0)
  const even = Math.sqrt(1 / block.length)
  for (let at = 0; at < block.length; at++) block[at] = total > 0 ? Math.sqrt((block[at] as number) / total) - even : 0
}

function gaussianMatrix(): Float32Array {
  const stream = randomStream(0, 'local-image-1')
  return Float32Array.from({ length: featureSize * width }, () => stream.normal())
}
