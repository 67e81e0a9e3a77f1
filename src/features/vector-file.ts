/** @file Reads vectors made elsewhere: safetensors, `.npy` or raw float32, as rows of one width. */
import { readFileSync } from 'node:fs'
import { parse } from 'npyjs'
import { UserError } from '../errors.ts'
import { regularFile } from '../storage/regular-file.ts'
import { readSafetensors, type StoredTensor } from '../storage/safetensors.ts'

/** The rows of a file, in its order. */
export interface VectorRows {
  readonly rows: number
  readonly width: number
  /** [rows, width], row-major. */
  readonly vectors: Float32Array
  /** The ids of the rows, if the file holds them: safetensors with a JSON list under `ids` in its metadata. */
  readonly ids?: readonly string[]
}

/** Default width of raw files, which do not say theirs: that of CLIP's common models. */
const rawWidth = 512

/**
 * Reads a file by its extension: `.safetensors` (the tensor called `tensor`, or the only one), `.npy` [rows, width],
 * anything else as raw little-endian float32 of `width` (512 by default).
 * @throws UserError `missing`, `corrupted`, `unsupported`, or `mismatched` when the width is not `width`; `invalid` for
 * a folder or pipe, or a number that is not finite, naming file and row
 */
export function readVectors(path: string, tensor: string, width?: number): VectorRows {
  regularFile(path, saidOf('the file of vectors'))
  const read = path.endsWith('.safetensors')
    ? readTensor(path, tensor)
    : path.endsWith('.npy')
      ? readNpy(path)
      : readRaw(path, width ?? rawWidth)
  if (width !== undefined && read.width !== width) {
    throw new UserError({
      where: path,
      problem: 'mismatched',
      value: `width ${read.width}`,
      expected: `width ${width}`,
    })
  }
  const at = read.vectors.findIndex((value) => !Number.isFinite(value))
  if (at >= 0) {
    const where = `${path} row ${Math.floor(at / read.width)} (rows count from 0)`
    throw new UserError({ where, problem: 'invalid', value: String(read.vectors[at]), expected: 'finite numbers' })
  }
  return read
}

const saidOf = (what: string) => ({ missing: `${what} does not exist`, expected: what })

/** Reading a larger file at once fails in Node. */
const mostBytes = 2 ** 31 - 1

/**
 * The bytes of a file.
 * @throws UserError `missing` without it, `invalid` for what is no readable file or is over 2 GB
 */
export function readWhole(path: string, what: string): Uint8Array {
  const { size } = regularFile(path, saidOf(what))
  const refuse = (value: string): UserError =>
    new UserError({ where: path, problem: 'invalid', value, expected: `${what}, of at most 2 GB` })
  if (size > mostBytes) throw refuse(`${(size / 1e9).toFixed(1)} GB`)
  try {
    return readFileSync(path)
  } catch (error) {
    throw refuse(`it cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function readTensor(path: string, name: string): VectorRows {
  const { tensors, metadata } = readSafetensors(path)
  const names = Object.keys(tensors)
  const found: StoredTensor | undefined =
    tensors[name] ?? (names.length === 1 ? tensors[names[0] as string] : undefined)
  if (!found)
    throw new UserError({
      where: path,
      problem: 'missing',
      value: `tensor "${name}"`,
      expected: `a file with that tensor; it has ${names.join(', ') || 'none'}`,
    })
  const rows = matrix(path, found.shape, found.data)
  return metadata.ids === undefined ? rows : { ...rows, ids: idsOf(path, metadata.ids) }
}

function idsOf(path: string, text: string): string[] {
  try {
    const ids: unknown = JSON.parse(text)
    if (Array.isArray(ids)) return ids.map(String)
  } catch {
    // The error below reports it, like anything else that is not a list.
  }
  throw new UserError({
    where: path,
    problem: 'corrupted',
    value: '"ids" in its metadata',
    expected: 'a JSON list of item ids',
  })
}

function readNpy(path: string): VectorRows {
  const read = parseNpy(path)
  if (read.fortranOrder) {
    const hint = 'save it with numpy.ascontiguousarray'
    throw new UserError({
      where: path,
      problem: 'unsupported',
      value: 'an array in column order (fortran_order)',
      expected: 'an array in row order',
      hint,
    })
  }
  return matrix(path, read.shape, read.data)
}

function parseNpy(path: string): ReturnType<typeof parse> {
  try {
    // The parser needs a buffer in which the file starts at 0, hence the copy.
    return parse(new Uint8Array(readWhole(path, 'the file of vectors')).buffer)
  } catch (error) {
    const value = error instanceof Error ? error.message : String(error)
    throw new UserError({ where: path, problem: 'corrupted', value, expected: 'an .npy file of little-endian numbers' })
  }
}

function matrix(path: string, shape: readonly number[], data: ArrayBufferView): VectorRows {
  const [rows, width] = shape
  if (shape.length !== 2 || rows === undefined || !width) {
    throw new UserError({
      where: path,
      problem: 'mismatched',
      value: `shape [${shape.join(', ')}]`,
      expected: 'two dimensions, [rows, width]',
    })
  }
  const vectors =
    data instanceof Float32Array ? data : data instanceof Float64Array ? Float32Array.from(data) : undefined
  if (!vectors)
    throw new UserError({
      where: path,
      problem: 'unsupported',
      value: 'whole numbers',
      expected: 'floating-point numbers',
    })
  if (vectors.length !== rows * width) {
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value: `${vectors.length} numbers`,
      expected: `${rows} rows of ${width}`,
    })
  }
  return { rows, width, vectors }
}

function readRaw(path: string, width: number): VectorRows {
  const bytes = new Uint8Array(readWhole(path, 'the file of vectors'))
  const rows = bytes.length / (4 * width)
  if (!Number.isInteger(rows)) {
    throw new UserError({
      where: path,
      problem: 'mismatched',
      value: `${bytes.length} bytes`,
      expected: `whole rows of ${width} float32 (${4 * width} bytes each)`,
      hint: 'if the vectors have another width, set it with --feature-width',
    })
  }
  return { rows, width, vectors: new Float32Array(bytes.buffer) }
}
