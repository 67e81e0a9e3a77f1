/** @file A prepared dataset built in memory from a few events, for tests that need no files. */
import type { Catalog, Dataset, Events, FeatureModality, FeatureTable, Field, Manifest } from '../dataset/schema.ts'

/** One event: user and item index (from 1), behavior name, time, and the role where the source brings its own split. */
export type TinyEvent = readonly [user: number, item: number, behavior: string, time: number, role?: number]

/** What a tiny dataset is made of; all but the events has a default. */
export interface TinySettings {
  events: readonly TinyEvent[]
  /** Default: click and favorite. */
  behaviors?: readonly string[]
  /** Default: the last behavior. */
  target?: string
  /** Default: milliseconds. */
  time?: Manifest['time']
  /** Default: unseen. */
  candidates?: Manifest['candidates']
  /** Default: the largest user of the events. */
  users?: number
  /** Default: the largest item of the events. */
  items?: number
  /** Default: user u is called `uN`, item i is called `iN` with the title `Item N`. */
  userIds?: readonly string[]
  titles?: readonly string[]
  fields?: Catalog['fields']
  /** One vector per item from item 1 on; null where the item has none. */
  features?: Partial<Record<FeatureModality, readonly (readonly number[] | null)[]>>
}

/** Builds a dataset in memory; events are sorted by (user, time, given order), as prepared ones are. */
export function tinyDataset(settings: TinySettings): Dataset {
  const { behaviors = ['click', 'favorite'], candidates = 'unseen', time = 'milliseconds' } = settings
  const rows = [...settings.events].sort((a, b) => a[0] - b[0] || a[3] - b[3])
  const users = settings.users ?? Math.max(0, ...rows.map(([user]) => user))
  const items = settings.items ?? Math.max(0, ...rows.map(([, item]) => item))
  const features = Object.fromEntries(
    Object.entries(settings.features ?? {}).map(([modality, vectors]) => [modality, featureTable(items, vectors)]),
  ) as Dataset['features']
  const fields = settings.fields ?? {}
  const perBehavior = Object.fromEntries(behaviors.map((name) => [name, rows.filter((row) => row[2] === name).length]))
  return {
    folder: 'tiny',
    hash: '0'.repeat(64),
    manifest: {
      format: 'siftrec-dataset',
      version: 1,
      name: 'tiny',
      source: 'memory',
      behaviors: [...behaviors],
      target: settings.target ?? (behaviors.at(-1) as string),
      time,
      candidates,
      ownSplit: rows.some((row) => row[4] !== undefined),
      counts: { events: rows.length, users, items, perBehavior },
      dropped: [],
      fields: Object.fromEntries(Object.entries(fields).map(([name, { vocabulary }]) => [name, vocabulary.length - 1])),
      features: Object.fromEntries(
        Object.entries(features).map(([modality, { width, present }]) => [
          modality,
          { encoder: 'memory', width, present: present.reduce((sum, one) => sum + one, 0), broken: [] },
        ]),
      ),
      files: {},
      settings: {},
    },
    events: columns(rows, users, behaviors),
    userIds: ['', ...(settings.userIds ?? Array.from({ length: users }, (_, index) => `u${index + 1}`))],
    catalog: {
      ids: ['', ...Array.from({ length: items }, (_, index) => `i${index + 1}`)],
      titles: ['', ...(settings.titles ?? Array.from({ length: items }, (_, index) => `Item ${index + 1}`))],
      fields,
    },
    features,
  }
}

function columns(rows: readonly TinyEvent[], users: number, behaviors: readonly string[]): Events {
  const start = new Int32Array(users + 2)
  for (const [user] of rows) start[user + 1] = (start[user + 1] ?? 0) + 1
  for (let user = 1; user <= users + 1; user++) start[user] = (start[user] ?? 0) + (start[user - 1] ?? 0)
  const behavior = rows.map(([, , name]) => {
    const index = behaviors.indexOf(name)
    if (index < 0) throw new Error(`no behavior "${name}" among ${behaviors.join(', ')}`)
    return index
  })
  return {
    user: Int32Array.from(rows, (row) => row[0]),
    item: Int32Array.from(rows, (row) => row[1]),
    behavior: Uint8Array.from(behavior),
    time: Float64Array.from(rows, (row) => row[3]),
    role: Uint8Array.from(rows, (row) => row[4] ?? 0),
    start,
  }
}

function featureTable(items: number, rows: readonly (readonly number[] | null)[]): FeatureTable {
  const width = rows.find((row) => row !== null)?.length ?? 0
  const vectors = new Float32Array((items + 1) * width)
  const present = new Uint8Array(items + 1)
  rows.forEach((row, index) => {
    if (row === null) return
    vectors.set(row, (index + 1) * width)
    present[index + 1] = 1
  })
  return { width, vectors, present }
}

/** A categorical field of items by the number of each item's value, from item 1 on; 0 is none. */
export const tinyField = (values: readonly number[]): Field => ({
  values: Int32Array.from([0, ...values]),
  vocabulary: Array.from({ length: 1 + Math.max(...values) }, (_, at) => `${at}`),
})

/** The same dataset with these fields of its items, and no others. */
export const withFields = (dataset: Dataset, fields: Readonly<Record<string, Field>>): Dataset => ({
  ...dataset,
  catalog: { ...dataset.catalog, fields },
})
