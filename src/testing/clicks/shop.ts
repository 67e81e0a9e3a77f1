/**
 * @file A small shop for models of clicks: items with a category, a brand, numbers, pictures and titles, some of which
 * are missing.
 */
import type { ClickVocabulary } from '../../dataset/click-vocabulary.ts'
import type { Dataset, FeatureModality, FeatureTable, Field } from '../../dataset/schema.ts'
import { type CatalogShape, catalogInputs, catalogShape, type FrozenInputs } from '../../models/contract/catalog.ts'
import type { BuiltModel } from '../../models/contract/model.ts'
import { randomStream } from '../../random/stream.ts'
import { type TinyEvent, tinyDataset } from '../tiny-dataset.ts'

/** Items, users, and categories of items (0 is unknown, as of the last item). */
export const [items, users, categories] = [24, 12, 4]

/** The category of an item. */
export const categoryOf = (item: number): number => (item === items ? 0 : 1 + (item % categories))

/** What a model is built on and reads. */
export interface SmallShop {
  readonly dataset: Dataset
  readonly vocabulary: ClickVocabulary
  readonly shape: CatalogShape
}

const shopOf = (dataset: Dataset, vocabulary: ClickVocabulary): SmallShop => ({
  dataset,
  vocabulary,
  shape: catalogShape(dataset, vocabulary),
})

/** The shop; a bare one has ids and nothing else, and one behavior. */
export function smallShop({ bare = false } = {}): SmallShop {
  return shopOf(bare ? bareDataset() : fullDataset(), vocabularyOf(bare ? 0 : 2, bare ? 0 : 1))
}

/** What a model reads of a shop at every step, its own arrays among it. */
export const frozenOf = (
  { dataset, vocabulary }: SmallShop,
  { frozen = {} }: Pick<BuiltModel, 'frozen'>,
): FrozenInputs => catalogInputs(dataset, { vocabulary, own: frozen })

/** The shop without a modality. */
export function without({ dataset, vocabulary }: SmallShop, modality: FeatureModality): SmallShop {
  const { [modality]: _, ...features } = dataset.features
  return shopOf({ ...dataset, features }, vocabulary)
}

/** The shop where each item has another's vector of a modality. */
export function permuted(shop: SmallShop, modality: FeatureModality): SmallShop {
  const { dataset } = shop
  const { width, vectors, present } = dataset.features[modality] as FeatureTable
  const turned: FeatureTable = {
    width,
    vectors: Float32Array.from(vectors, (_, at) => {
      const from = turnedItem(Math.floor(at / width))
      return vectors[from * width + (at % width)] as number
    }),
    present: Uint8Array.from(present, (_, item) => present[turnedItem(item)] as number),
  }
  return { ...shop, dataset: { ...dataset, features: { ...dataset.features, [modality]: turned } } }
}

/** The shop where every item has another index, and what was known of it goes along; only for a bare shop. */
export function renumbered({ dataset, vocabulary }: SmallShop): SmallShop {
  const itemRow = Int32Array.from(vocabulary.itemRow)
  for (const [item, row] of vocabulary.itemRow.entries()) itemRow[turnedItem(item)] = row
  return shopOf(dataset, { ...vocabulary, itemRow })
}

/** Another item for each item; 0 stays 0. */
export const turnedItem = (item: number): number => (item === 0 ? 0 : 1 + ((item * 7) % items))

/** Ten events of every user, clicks and favorites in turn; users take turns too. */
const events: readonly TinyEvent[] = Array.from({ length: 10 * users }, (_, at) => {
  const [user, event] = [1 + Math.floor(at / 10), at % 10]
  const item = event % 2 === 0 ? 1 + ((5 * at) % items) : 1 + ((4 * at + user) % (items - 1))
  return [user, item, event % 2 === 0 ? 'click' : 'favorite', 3_600_000 * (users * event + user)]
})

const bareDataset = (): Dataset => tinyDataset({ events: [], behaviors: ['click'], users, items })

function fullDataset(): Dataset {
  const stream = randomStream(7, 'shop')
  const field = (count: number, size: number, valueOf: (index: number) => number): Field => ({
    values: Int32Array.from({ length: count + 1 }, (_, index) => (index === 0 ? 0 : valueOf(index))),
    vocabulary: ['', ...Array.from({ length: size }, (_, value) => `v${value + 1}`)],
  })
  const vectors = (width: number, missing: (index: number) => boolean) =>
    Array.from({ length: items }, (_, at) =>
      missing(at) ? null : Array.from({ length: width }, () => stream.normal()),
    )
  const fields = { category: field(items, categories, categoryOf), brand: field(items, 3, (item) => 1 + (item % 3)) }
  const features = { image: vectors(6, (at) => at % 5 === 0), text: vectors(5, (at) => at % 7 === 1) }
  const dataset = tinyDataset({ events, users, items, fields, features })
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count + 1 }, (_, index) => index % 5)
  return {
    ...dataset,
    catalog: { ...dataset.catalog, numbers: { price: numbers(items), weight: numbers(items) } },
    users: { fields: { age: field(users, 2, (user) => user % 3) }, numbers: { visits: numbers(users) } },
  }
}

/** Items 1 and 13, users 1 and 0 are hardly known to training; the others have rows of their own. */
function vocabularyOf(itemNumbers: number, userNumbers: number): ClickVocabulary {
  const stream = randomStream(8, 'numbers')
  const rows = (count: number, unknown: readonly number[], first: number) => {
    let next = 2
    return Int32Array.from({ length: count + 1 }, (_, index) =>
      index === 0 ? first : unknown.includes(index) ? 1 : next++,
    )
  }
  const numbers = (size: number) => Float32Array.from({ length: size }, () => stream.normal())
  return {
    itemRow: rows(items, [1, 13], 0),
    itemRows: items,
    userRow: rows(users, [1], 1),
    userRows: users + 1,
    itemNumbers: numbers((items + 1) * itemNumbers),
    userNumbers: numbers((users + 1) * userNumbers),
    itemScales: [],
    userScales: [],
  }
}
