/**
 * @file What a model may know of a dataset before training, and what of it graphs read at every step: bound once and
 * never copied.
 */
import type { ClickVocabulary } from '../../dataset/click-vocabulary.ts'
import type { BehaviorIndex, Dataset, FeatureModality, Field, Manifest } from '../../dataset/schema.ts'
import { wordsOf } from '../../tensor/int64.ts'

/** Sizes and names of a dataset, never events. */
export interface CatalogShape {
  readonly itemCount: number
  readonly userCount: number
  readonly behaviors: readonly string[]
  readonly target: BehaviorIndex
  /** Whether events have true times, or only an order within their user. */
  readonly time: Manifest['time']
  /** Number of values of each categorical field of an item, 0 (unknown) included. */
  readonly fields: Readonly<Record<string, number>>
  /** The same of a user. */
  readonly userFields: Readonly<Record<string, number>>
  /** Names of the numeric fields of items that some item has a value of. */
  readonly numbers: readonly string[]
  /** How many numeric fields items and users have. */
  readonly itemNumbers: number
  readonly userNumbers: number
  /** Width of each modality's vectors. */
  readonly features: Readonly<Partial<Record<FeatureModality, number>>>
  /** Rows of the tables of ids: 0 pads, and where training hardly knows some ids, 1 stands for all of those. */
  readonly itemRows: number
  readonly userRows: number
}

/** What training alone says of ids and numbers. */
export type Vocabulary = ClickVocabulary

/** The shape of a dataset. @param vocabulary where ids that training hardly knows share a row */
export function catalogShape(
  { manifest, catalog, userIds, features, users }: Dataset,
  vocabulary?: Vocabulary,
): CatalogShape {
  const sizes = (fields: Readonly<Record<string, Field>>) =>
    Object.fromEntries(Object.entries(fields).map(([name, { vocabulary: values }]) => [name, values.length]))
  return {
    itemCount: catalog.ids.length - 1,
    userCount: userIds.length - 1,
    behaviors: manifest.behaviors,
    target: manifest.behaviors.indexOf(manifest.target),
    time: manifest.time,
    fields: sizes(catalog.fields),
    userFields: sizes(users?.fields ?? {}),
    numbers: Object.entries(catalog.numbers ?? {}).flatMap(([name, values]) =>
      values.some((value, item) => item > 0 && Number.isFinite(value)) ? [name] : [],
    ),
    itemNumbers: Object.keys(catalog.numbers ?? {}).length,
    userNumbers: Object.keys(users?.numbers ?? {}).length,
    features: Object.fromEntries(Object.entries(features).map(([modality, { width }]) => [modality, width])),
    itemRows: vocabulary?.itemRows ?? catalog.ids.length,
    userRows: vocabulary?.userRows ?? userIds.length,
  }
}

/** Names of the inputs that hold what is known of items and users. */
export const catalogInput = {
  /** Feature vectors [items + 1, width], float32. */
  vectors: (modality: FeatureModality): string => `item.${modality}`,
  /** 1 where an item has a vector, [items + 1], float32. */
  present: (modality: FeatureModality): string => `item.${modality}.present`,
  /** Value index of a categorical field, [items + 1], int64. */
  field: (name: string): string => `item.field.${name}`,
  /**
   * Rows in the tables of the id and of each categorical field, side by side: [items + 1, fields] or [users + 1,
   * fields], int64.
   */
  fields: (of: 'item' | 'user'): string => `${of}.fields`,
  /** Numbers standardized by training alone, [items + 1, n] or [users + 1, n], float32. */
  numbers: (of: 'item' | 'user'): string => `${of}.numbers`,
} as const

/** Buffers by the names of inputs; each is made when it is first asked for. */
export interface FrozenInputs {
  /** The buffer of an input; undefined where the name is not one of these. */
  get(name: string): Float32Array | BigInt64Array | undefined
}

/** The frozen inputs of a dataset, and a model's own arrays. */
export function catalogInputs(
  dataset: Dataset,
  {
    vocabulary,
    own = {},
  }: { vocabulary?: Vocabulary | undefined; own?: Readonly<Record<string, Float32Array | BigInt64Array>> } = {},
): FrozenInputs {
  const { catalog, users, userIds, features } = dataset
  const makers = new Map<string, () => Float32Array | BigInt64Array>()
  for (const [name, buffer] of Object.entries(own)) makers.set(name, () => buffer)
  for (const modality of Object.keys(features) as FeatureModality[]) {
    const { vectors, present } = features[modality] as NonNullable<(typeof features)[FeatureModality]>
    makers.set(catalogInput.vectors(modality), () => vectors)
    makers.set(catalogInput.present(modality), () => Float32Array.from(present))
  }
  for (const [name, { values }] of Object.entries(catalog.fields)) {
    makers.set(catalogInput.field(name), () => BigInt64Array.from(values, BigInt))
  }
  const rows = (known: Int32Array | undefined, count: number): Int32Array =>
    known ?? Int32Array.from({ length: count }, (_, index) => index)
  const columns = (ids: Int32Array, fields: Readonly<Record<string, Field>>) => [
    ids,
    ...Object.values(fields).map(({ values }) => values),
  ]
  makers.set(catalogInput.fields('item'), () =>
    sideBySide(columns(rows(vocabulary?.itemRow, catalog.ids.length), catalog.fields)),
  )
  makers.set(catalogInput.fields('user'), () =>
    sideBySide(columns(rows(vocabulary?.userRow, userIds.length), users?.fields ?? {})),
  )
  if (vocabulary) {
    makers.set(catalogInput.numbers('item'), () => vocabulary.itemNumbers)
    makers.set(catalogInput.numbers('user'), () => vocabulary.userNumbers)
  }
  const made = new Map<string, Float32Array | BigInt64Array>()
  return {
    get(name) {
      const known = made.get(name) ?? makers.get(name)?.()
      if (known) made.set(name, known)
      return known
    },
  }
}

/** Columns as the rows of one matrix. */
function sideBySide(columns: readonly Int32Array[]): BigInt64Array {
  const entries = columns[0]?.length ?? 0
  const whole = new BigInt64Array(entries * columns.length)
  const words = wordsOf(whole)
  for (const [at, column] of columns.entries()) {
    for (const [entry, value] of column.entries()) words[2 * (entry * columns.length + at)] = value
  }
  return whole
}
