/** @file A small shop, and the same shop later: ids in another order, an event, an item and a user more. */
import type { Dataset, Field } from '../dataset/schema.ts'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from './tiny-dataset.ts'

const items = Array.from({ length: 12 }, (_, at) => `chair${at}`)
const users = Array.from({ length: 24 }, (_, at) => `visitor${at}`)

/** The item that came later, and the one that it has its picture, text, category and price from. */
export const [newcomer, twin] = ['newcomer', 'chair5'] as const

/** What is known of an item hangs on its id alone. */
const looksOf = (id: string): string => (id === newcomer ? twin : id)
/** An item's picture or text. */
export const vectorOf = (id: string, what: string): Float32Array => {
  const stream = randomStream(1, what, looksOf(id))
  return Float32Array.from({ length: 6 }, () => stream.normal())
}
const priceOf = (id: string): number =>
  looksOf(id) === 'chair3' ? Number.NaN : 5 * looksOf(id).length + itemNumber(id)
const itemNumber = (id: string): number => Number(looksOf(id).slice('chair'.length))

/** A field whose values are numbered by first appearance, as a loaded dataset has them. */
function fieldOf(ids: readonly string[], valueOf: (id: string) => string): Field {
  const vocabulary = ['', ...new Set(ids.map(valueOf))]
  return {
    vocabulary,
    values: Int32Array.from(['', ...ids], (id) => (id === '' ? 0 : vocabulary.indexOf(valueOf(id)))),
  }
}

type Event = readonly [user: string, item: string, behavior: string, time: number]

/** Each user walks the shop, clicks and sometimes favors. */
const events: readonly Event[] = users.flatMap((user, number) =>
  Array.from({ length: 8 }, (_, step): Event => {
    const behavior = step % 2 === 0 ? 'click' : 'favorite'
    return [user, items[(number + step) % items.length] as string, behavior, 100 * step + number]
  }),
)

/** The shop when runs are trained. */
export const shop = (): Dataset => datasetOf('early', events, items, users)

/** The shop later. */
export function laterShop(more: readonly Event[] = [['visitor2', 'chair9', 'favorite', 5000]]): Dataset {
  const all = [...events, ['late', 'chair1', 'click', 5001] as const, ['late', newcomer, 'favorite', 5002] as const]
  return datasetOf('late', [...all, ...more], [newcomer, ...items.toReversed()], ['late', ...users.toReversed()])
}

/** Any shop of these events, items and users, in this order. */
export function datasetOf(
  name: string,
  log: readonly Event[],
  itemIds: readonly string[],
  userIds: readonly string[],
): Dataset {
  const dataset = tinyDataset({
    events: log.map(
      ([user, item, behavior, time]): TinyEvent => [
        1 + userIds.indexOf(user),
        1 + itemIds.indexOf(item),
        behavior,
        time,
      ],
    ),
    users: userIds.length,
    items: itemIds.length,
    userIds,
    candidates: 'all',
    fields: { category: fieldOf(itemIds, (id) => `c${itemNumber(id) % 3}`) },
    features: {
      image: itemIds.map((id) => (id === 'chair7' ? null : [...vectorOf(id, 'picture')])),
      text: itemIds.map((id) => [...vectorOf(id, 'text')]),
    },
  })
  const { catalog } = dataset
  return {
    ...dataset,
    // As long as a hash.
    hash: name.padEnd(64, '0'),
    catalog: {
      ...catalog,
      ids: ['', ...itemIds],
      numbers: { price: Float32Array.of(Number.NaN, ...itemIds.map(priceOf)) },
    },
    users: {
      fields: { town: fieldOf(userIds, (id) => (id === 'late' ? 'elsewhere' : `t${id.length % 2}`)) },
      numbers: {
        age: Float32Array.of(Number.NaN, ...userIds.map((id) => id.length + id.charCodeAt(id.length - 1) / 10)),
      },
    },
  }
}
