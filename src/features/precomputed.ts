/** @file Features of a catalog from vectors made elsewhere, matched to the items by id. */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { FeatureMaker, FeatureModality, FeatureSources, FeatureTable } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { readVectors, readWhole, type VectorRows } from './vector-file.ts'

/** Vectors of one modality. */
export interface PrecomputedFile {
  /** A `.safetensors` file, an `.npy` file, or raw little-endian float32. */
  readonly vectors: string
  /**
   * A text file with one id a line, in the order of the rows, or `id<TAB>row` with rows from 0. Not needed if a
   * safetensors file holds the ids.
   */
  readonly ids?: string
  /** The width that the vectors must have. Raw files are read with it; their default is 512. */
  readonly width?: number
}

/** The row of each id, and whether the file of ids named the rows. */
interface RowIds {
  readonly where: string
  readonly rowOf: ReadonlyMap<string, number>
  readonly numbered: boolean
}

/**
 * Takes vectors from files, unchanged. An item without a row, or with a row of zeros, has no vector. If an `id<TAB>row`
 * file names none of the items, the items' own ids are taken as row numbers, as in published indices.
 * @throws UserError, naming file and row, for a wrong width or count, a number that is not finite, an id that appears
 * twice, or no id of the catalog
 */
export function precomputedFeatures(files: Partial<Record<FeatureModality, PrecomputedFile>>): FeatureMaker {
  const make = (catalog: FeatureSources): ReturnType<FeatureMaker> => {
    const made = Object.entries(files).map(([modality, file]) => {
      const read = readVectors(file.vectors, modality, file.width)
      const table = tableOf(catalog, read, readIds(file, read))
      return [modality, { encoder: `precomputed (${basename(file.vectors)})`, table, broken: [] }]
    })
    return Promise.resolve(Object.fromEntries(made))
  }
  const reads = Object.values(files).flatMap(({ vectors, ids }) => (ids === undefined ? [vectors] : [vectors, ids]))
  // The file, its numbers, those of the items and the file that is written.
  const bytes = (): number => 4 * Object.values(files).reduce((sum, { vectors }) => sum + statSync(vectors).size, 0)
  return Object.assign(make, { reads, bytes })
}

function tableOf(
  { ids }: FeatureSources,
  { vectors, width }: VectorRows,
  { where, rowOf, numbered }: RowIds,
): FeatureTable {
  const rows = (byRow: boolean): [item: number, row: number][] => {
    const named = byRow ? new Map([...rowOf.values()].map((row) => [String(row), row])) : rowOf
    return ids.flatMap((id, item) => {
      const row = item === 0 ? undefined : named.get(id)
      return row === undefined ? [] : [[item, row] as [number, number]]
    })
  }
  let found = rows(false)
  if (found.length === 0 && numbered) found = rows(true)
  if (found.length === 0) {
    const example = rowOf.keys().next().value ?? ''
    throw new UserError({
      where,
      problem: 'mismatched',
      value: `none of its ids is an item of the catalog, such as "${example}"`,
      expected: `ids such as "${ids[1] ?? ''}"`,
    })
  }
  const table = { width, vectors: new Float32Array(ids.length * width), present: new Uint8Array(ids.length) }
  for (const [item, row] of found) {
    const vector = vectors.subarray(row * width, (row + 1) * width)
    table.vectors.set(vector, item * width)
    // Many exporters write a missing vector as zeros. Zeros have no direction, so they cannot be an embedding.
    table.present[item] = vector.some((value) => value !== 0) ? 1 : 0
  }
  return table
}

function readIds(file: PrecomputedFile, { rows, ids }: VectorRows): RowIds {
  if (file.ids === undefined && ids) return numberLines(file.vectors, ids, rows)
  if (file.ids === undefined) {
    const hint = 'name a file of item ids with --feature-ids'
    throw new UserError({ where: file.vectors, problem: 'missing', value: 'which item each row belongs to', hint })
  }
  const lines = new TextDecoder()
    .decode(readWhole(file.ids, 'the file of item ids'))
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  while (lines.at(-1) === '') lines.pop()
  if (!lines[0]?.includes('\t')) return numberLines(file.ids, lines, rows)
  return {
    where: file.ids,
    rowOf: collect(
      file.ids,
      lines.map((line, at) => readPair(line, `${file.ids} row ${at + 1}`, rows)),
    ),
    numbered: true,
  }
}

function numberLines(where: string, ids: readonly string[], rows: number): RowIds {
  if (ids.length !== rows)
    throw new UserError({
      where,
      problem: 'mismatched',
      value: `${ids.length} ids`,
      expected: `${rows}, one for each row of vectors`,
    })
  return {
    where,
    rowOf: collect(
      where,
      ids.map((id, row) => [id, row]),
    ),
    numbered: false,
  }
}

function readPair(line: string, where: string, rows: number): [string, number] {
  const [id = '', row = '', ...more] = line.split('\t')
  if (more.length > 0 || !/^\d+$/.test(row) || Number(row) >= rows) {
    throw new UserError({
      where,
      problem: 'invalid',
      value: `"${line}"`,
      expected: `an id, a tab and a row from 0 to ${rows - 1}`,
    })
  }
  return [id, Number(row)]
}

function collect(where: string, pairs: readonly (readonly [string, number])[]): Map<string, number> {
  const rowOf = new Map<string, number>()
  for (const [at, [id, row]] of pairs.entries()) {
    if (rowOf.has(id)) throw new UserError({ where: `${where} row ${at + 1}`, problem: 'duplicate', value: `"${id}"` })
    rowOf.set(id, row)
  }
  return rowOf
}
