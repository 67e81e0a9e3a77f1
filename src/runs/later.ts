/** @file A run meets a dataset prepared later: who is known, who is new, and the dataset as the run can read it. */

import type { Kept } from '../dataset/click-samples.ts'
import type { ClickVocabulary } from '../dataset/click-vocabulary.ts'
import { ownRows, standardized } from '../dataset/click-vocabulary.ts'
import type { Dataset, FeatureModality, Field } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { Places } from '../models/contract/places.ts'
import { encoderOf, type Known } from './known.ts'

/** A later dataset, matched with a run. */
export interface Later {
  /** As the run reads it: with the fields, numbers and vectors that it knows; new values of a field are unknown. */
  readonly dataset: Dataset
  readonly kept: Kept
  readonly items: Places
  readonly users: Places
  readonly counts: LaterCounts
}

/** How many there are more than the run was trained on; of those that are gone, how many. */
export interface LaterCounts {
  readonly newItems: number
  readonly goneItems: number
  readonly newUsers: number
  /** Below 0 where there are fewer. */
  readonly moreEvents: number
}

/**
 * Matches a dataset with what a run was trained on.
 * @throws UserError `mismatched` for a dataset of another mapping, or one that lacks most of the run's items
 */
export function matched(folder: string, known: Known, dataset: Dataset): Later {
  const { manifest, catalog, users, userIds } = dataset
  const refuse = (value: string, expected: string): UserError => otherDataset(folder, manifest.name, value, expected)
  for (const name of ['behaviors', 'target', 'time', 'candidates'] as const) {
    const [now, before] = [String(manifest[name]), String(known[name])]
    if (now !== before) throw refuse(`${name} ${now}`, `${before}, which`)
  }
  const items = placesOf(known.items.ids, catalog.ids)
  const kept = items.now.reduce((count, was) => count + (was > 0 ? 1 : 0), 0)
  if (2 * kept < items.before)
    throw refuse(`it has ${kept} of the ${items.before} items`, 'a dataset with most of the items that')
  const owners = placesOf(known.users.ids, userIds)
  const read: Dataset = {
    ...dataset,
    catalog: {
      ...catalog,
      fields: fieldsOf(known.items.fields, catalog.fields, refuse),
      ...(catalog.numbers && { numbers: numbersOf(known.items.numbers, catalog.numbers, refuse) }),
    },
    features: featuresOf(known, dataset, refuse),
    ...(users && {
      users: {
        fields: fieldsOf(known.users.fields, users.fields, refuse),
        numbers: numbersOf(known.users.numbers, users.numbers, refuse),
      },
    }),
  }
  const [first, second] = known.cuts ?? []
  return {
    dataset: read,
    kept: {
      vocabulary: vocabularyFor(known, read, { items, users: owners }),
      cuts: known.cuts && [first ?? Number.POSITIVE_INFINITY, second ?? Number.POSITIVE_INFINITY],
    },
    items,
    users: owners,
    counts: {
      newItems: catalog.ids.length - 1 - kept,
      goneItems: items.before - kept,
      newUsers: newOf(owners),
      moreEvents: manifest.counts.events - known.events,
    },
  }
}

function otherDataset(folder: string, name: string, value: string, expected: string): UserError {
  const hint = 'prepare it with the same mapping, or train again'
  const right = `${expected} ${folder} was trained on`
  return new UserError({ where: name, problem: 'mismatched', value, expected: right, hint })
}

type Refuse = (value: string, expected: string) => UserError

/** @param now with a first entry that is nobody's, as datasets have it */
function placesOf(before: readonly string[], now: readonly string[]): Places {
  const known = new Map(before.map((id, at) => [id, at + 1]))
  return { before: before.length, now: Int32Array.from(now, (id, at) => (at === 0 ? 0 : (known.get(id) ?? 0))) }
}

const newOf = ({ now }: Places): number => now.reduce((count, was) => count + (was > 0 ? 0 : 1), 0) - 1

function fieldsOf(
  known: Readonly<Record<string, readonly string[]>>,
  now: Readonly<Record<string, Field>>,
  refuse: Refuse,
): Record<string, Field> {
  return Object.fromEntries(
    Object.entries(known).map(([name, vocabulary]) => {
      const field = now[name]
      if (!field) throw refuse(`no field "${name}"`, 'the fields that')
      const index = new Map(vocabulary.map((value, at) => [value, at]))
      const places = field.vocabulary.map((value) => index.get(value) ?? 0)
      return [name, { vocabulary, values: field.values.map((value) => places[value] as number) }]
    }),
  )
}

function numbersOf<Column>(
  known: object,
  now: Readonly<Record<string, Column>>,
  refuse: Refuse,
): Record<string, Column> {
  return Object.fromEntries(
    Object.keys(known).map((name) => {
      const column = now[name]
      if (!column) throw refuse(`no number "${name}"`, 'the numbers that')
      return [name, column]
    }),
  )
}

function featuresOf(known: Known, dataset: Dataset, refuse: Refuse): Dataset['features'] {
  return Object.fromEntries(
    (Object.keys(known.features) as FeatureModality[]).map((modality) => {
      const { encoder, width } = known.features[modality] as Known['features'][string]
      const table = dataset.features[modality]
      if (!table) throw refuse(`no ${modality} vectors`, `those by ${encoder} that`)
      const now = encoderOf(dataset, modality)
      if (table.width !== width || kindOfEncoder(now) !== kindOfEncoder(encoder))
        throw refuse(`${modality} vectors ${table.width} wide by ${now}`, `${width} wide by ${encoder}, as`)
      return [modality, table]
    }),
  )
}

/** Vectors from a file are named by the file, and a later file may have another name. */
const kindOfEncoder = (encoder: string): string => (encoder.startsWith('precomputed (') ? 'precomputed' : encoder)

/** What training said of ids and numbers, for a later dataset; undefined where it said nothing. */
function vocabularyFor(
  { items, users }: Known,
  dataset: Dataset,
  places: { readonly items: Places; readonly users: Places },
): ClickVocabulary | undefined {
  const [itemScales, userScales] = [Object.values(items.numbers), Object.values(users.numbers)]
  if (!items.rows || !users.rows)
    return itemScales.length + userScales.length > 0 ? ownRows(dataset, itemScales, userScales) : undefined
  const rowsNow = ({ now }: Places, { of }: { readonly of: readonly number[] }): Int32Array =>
    now.map((was) => (was > 0 ? (of[was - 1] as number) : 1))
  const itemRow = rowsNow(places.items, items.rows)
  itemRow[0] = 0
  return {
    itemRow,
    itemRows: items.rows.count,
    userRow: rowsNow(places.users, users.rows),
    userRows: users.rows.count,
    itemNumbers: standardized(Object.values(dataset.catalog.numbers ?? {}), itemScales),
    userNumbers: standardized(Object.values(dataset.users?.numbers ?? {}), userScales),
    itemScales,
    userScales,
  }
}

/** Which of a later dataset's rows may have trained: those no later than the last event of their user that did. */
export function mayHaveTrained(
  { trainedUntil }: Known,
  { users }: Later,
  rows: { readonly user: ArrayLike<number>; readonly time: ArrayLike<number> },
  asked: Int32Array,
): number {
  return asked.reduce((count, row) => {
    const was = users.now[rows.user[row] as number] as number
    const until = was > 0 ? trainedUntil[was - 1] : null
    return count + (typeof until === 'number' && (rows.time[row] as number) <= until ? 1 : 0)
  }, 0)
}

const counted = (count: number, one: string): string =>
  `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`

/** One line that says what is new. @param start how new items start */
export function laterText({ newItems, goneItems, newUsers, moreEvents }: LaterCounts, start: string): string {
  const more = [
    ...(newItems > 0 ? [counted(newItems, 'item')] : []),
    ...(newUsers > 0 ? [counted(newUsers, 'user')] : []),
    ...(moreEvents > 0 ? [counted(moreEvents, 'event')] : []),
  ]
  const listed = new Intl.ListFormat('en-GB').format(more)
  const first = `the dataset has ${more.length > 0 ? listed : 'nothing'} more than the run was trained on`
  const fewer = moreEvents < 0 ? `, and ${counted(-moreEvents, 'event')} fewer` : ''
  const gone = goneItems > 0 ? `; ${counted(goneItems, 'item')} of the run ${goneItems === 1 ? 'is' : 'are'} gone` : ''
  return `${first}${fewer}${gone}${newItems > 0 ? `; ${start}` : ''}`
}
