/** @file Feature vectors of a prepared dataset, in `features.safetensors`. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { UserError } from '../errors.ts'
import { encodeSafetensors, readSafetensors, type StoredTensor } from '../storage/safetensors.ts'
import type { FeatureModality, FeatureTable, MadeFeatures, Manifest } from './schema.ts'

/** Name of the file beside the manifest. */
export const featuresFile = 'features.safetensors'

/**
 * The file's bytes: for each modality its vectors F32 [items + 1, width], and `NAME.present` U8 [items + 1].
 * @throws UserError `mismatched` or `invalid` for vectors of the wrong size or with NaN
 */
export function encodeFeatures(features: Partial<Record<FeatureModality, MadeFeatures>>, items: number): Uint8Array {
  const tensors: Record<string, StoredTensor> = {}
  for (const [modality, { table, encoder }] of Object.entries(features)) {
    checkTable(table, items, `${modality} features of ${encoder}`)
    tensors[modality] = { shape: [items + 1, table.width], data: table.vectors }
    tensors[`${modality}.present`] = { shape: [items + 1], data: table.present }
  }
  return encodeSafetensors(tensors)
}

/**
 * Reads the features that a manifest lists; whoever asks has compared the file with its hash.
 * @throws UserError `missing`, `mismatched` or `invalid`, naming the file and the modality
 */
export function readFeatures(
  folder: string,
  { features, counts }: Manifest,
): Partial<Record<FeatureModality, FeatureTable>> {
  const promised = Object.entries(features)
  const path = join(folder, featuresFile)
  if (promised.length === 0) return {}
  if (!existsSync(path))
    throw new UserError({
      where: path,
      problem: 'missing',
      value: 'the file of vectors',
      hint: 'prepare the dataset again',
    })
  const { tensors } = readSafetensors(path, { checked: true })
  const tables: Partial<Record<FeatureModality, FeatureTable>> = {}
  for (const [modality, { width }] of promised) {
    const vectors = tensors[modality]
    const present = tensors[`${modality}.present`]
    const where = `${basename(folder)}/${featuresFile} ${modality}`
    if (!(vectors?.data instanceof Float32Array) || !(present?.data instanceof Uint8Array)) {
      throw new UserError({ where, problem: 'missing', value: `tensors ${modality} and ${modality}.present` })
    }
    if (vectors.shape[1] !== width)
      throw new UserError({
        where,
        problem: 'mismatched',
        value: `width ${vectors.shape[1]}`,
        expected: `width ${width}, as the manifest says`,
      })
    const table = { width, vectors: vectors.data, present: present.data }
    checkTable(table, counts.items, where)
    tables[modality as FeatureModality] = table
  }
  return tables
}

function checkTable({ vectors, present, width }: FeatureTable, items: number, where: string): void {
  if (present.length !== items + 1 || vectors.length !== (items + 1) * width) {
    const value = `${vectors.length} numbers for ${present.length - 1} items`
    throw new UserError({ where, problem: 'mismatched', value, expected: `${items} items of width ${width}` })
  }
  const at = firstNotFinite(vectors)
  if (at < 0) return
  throw new UserError({
    where: `${where}, item ${Math.floor(at / width)}`,
    problem: 'invalid',
    value: String(vectors[at]),
    expected: 'finite numbers',
  })
}

/** The exponent of a number that is not finite has all bits set. */
const exponent = 0x7f800000

/** Where the first number lies that is not finite, or -1. Reading whole numbers takes a tenth of the time. */
function firstNotFinite({ buffer, byteOffset, length }: Float32Array): number {
  const bits = new Uint32Array(buffer, byteOffset, length)
  for (let at = 0; at < length; at++) if (((bits[at] as number) & exponent) === exponent) return at
  return -1
}
