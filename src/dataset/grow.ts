/** @file Items that came since a dataset was prepared, put into the dataset in memory. */
import { createHash } from 'node:crypto'
import { UserError, unknownName } from '../errors.ts'
import type { Catalog, Dataset, FeatureModality, FeatureTable, Field } from './schema.ts'

/** An item that a dataset does not have. */
export interface NewItem {
  readonly id: string
  readonly title?: string
  /** What a text encoder reads, where it is not the title. */
  readonly text?: string
  /** Values of categorical fields; unknown where left out. */
  readonly fields?: Readonly<Record<string, string>>
  /** Values of numeric fields; unknown where left out. */
  readonly numbers?: Readonly<Record<string, number>>
  /** By the encoders of the dataset. */
  readonly vectors?: Readonly<Partial<Record<FeatureModality, Float32Array>>>
}

/**
 * The dataset with more items, after those it has; nobody has touched them. A run is opened on it with `openRun`.
 * @throws UserError `duplicate` for an id that is there, `unknown` for a field, number or modality that the dataset
 * does not have, `mismatched` for a vector of another width
 */
export function growDataset(dataset: Dataset, items: readonly NewItem[]): Dataset {
  const { manifest, catalog, features, hash } = dataset.asked?.of ?? dataset
  const known = new Set(catalog.ids.slice(1))
  for (const item of items) {
    const where = `item "${item.id}"`
    if (item.id === '' || known.has(item.id))
      throw new UserError({ where, problem: 'duplicate', value: 'the id is taken', expected: 'a new id' })
    known.add(item.id)
    checkNames(where, item, { catalog, features })
  }
  const table = { ...catalog, ids: [...catalog.ids, ...items.map(({ id }) => id)] }
  const { asked: _, ...rest } = dataset.asked?.of ?? dataset
  return {
    ...rest,
    hash: hashOfGrown(hash, items),
    manifest: { ...manifest, counts: { ...manifest.counts, items: table.ids.length - 1 } },
    catalog: {
      ...table,
      titles: [...catalog.titles, ...items.map(({ title = '' }) => title)],
      fields: mapped(catalog.fields, (name, field) =>
        grownField(
          field,
          items.map(({ fields }) => fields?.[name] ?? ''),
        ),
      ),
      ...(catalog.numbers && {
        numbers: mapped(catalog.numbers, (name, column) =>
          lengthened(
            column,
            items.map(({ numbers }) => numbers?.[name] ?? Number.NaN),
          ),
        ),
      }),
    },
    features: mapped(features, (name, vectors) => grownTable(vectors, name as FeatureModality, items)),
  }
}

function checkNames(
  where: string,
  item: NewItem,
  { catalog, features }: Pick<Dataset, 'features'> & { catalog: Catalog },
) {
  const kinds = [
    [item.fields, catalog.fields],
    [item.numbers, catalog.numbers],
    [item.vectors, features],
  ] as const
  for (const [given = {}, known = {}] of kinds)
    for (const name of Object.keys(given))
      if (!Object.hasOwn(known, name)) throw unknownName(where, name, Object.keys(known))
  for (const [name, vector] of Object.entries(item.vectors ?? {})) {
    const { width } = features[name as FeatureModality] as FeatureTable
    if (vector.length === width) continue
    const value = `${name} vector of ${vector.length} numbers`
    throw new UserError({ where, problem: 'mismatched', value, expected: `${width}, as the dataset has` })
  }
}

const mapped = <Value, Made>(
  record: Readonly<Record<string, Value>>,
  make: (name: string, value: Value) => Made,
): Record<string, Made> => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(name, value)]))

function lengthened<Column extends Float32Array | Int32Array>(column: Column, more: readonly number[]): Column {
  const whole = new (column.constructor as new (length: number) => Column)(column.length + more.length)
  whole.set(column)
  whole.set(more, column.length)
  return whole
}

/** New values come after those there are, so that none changes its number. */
function grownField({ values, vocabulary }: Field, more: readonly string[]): Field {
  const index = new Map(vocabulary.map((value, at) => [value, at]))
  for (const value of more) if (!index.has(value)) index.set(value, index.size)
  return {
    values: lengthened(
      values,
      more.map((value) => index.get(value) as number),
    ),
    vocabulary: [...index.keys()],
  }
}

function grownTable(
  { width, vectors, present }: FeatureTable,
  modality: FeatureModality,
  items: readonly NewItem[],
): FeatureTable {
  const rows = present.length + items.length
  const grown = { width, vectors: new Float32Array(rows * width), present: new Uint8Array(rows) }
  grown.vectors.set(vectors)
  grown.present.set(present)
  for (const [at, item] of items.entries()) {
    const vector = item.vectors?.[modality]
    // A vector of zeros is none, as in prepared datasets.
    if (!vector?.some((value) => value !== 0)) continue
    grown.vectors.set(vector, (present.length + at) * width)
    grown.present[present.length + at] = 1
  }
  return grown
}

function hashOfGrown(hash: string, items: readonly NewItem[]): string {
  const plain = items.map(({ vectors = {}, ...item }) => ({
    ...item,
    vectors: Object.fromEntries(Object.entries(vectors).map(([name, vector]) => [name, [...vector]])),
  }))
  return createHash('sha256').update(hash).update(JSON.stringify(plain)).digest('hex')
}
