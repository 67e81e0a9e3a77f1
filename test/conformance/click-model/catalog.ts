/** @file A small shop for models of clicks: items with a category, a brand, numbers, pictures and titles, some of which are missing. */
import type { ClickVocabulary } from '../../../src/dataset/click-vocabulary.ts'
import type { Dataset } from '../../../src/dataset/schema.ts'
import type { ClickShape } from '../../../src/models/contract/click-model.ts'
import type { FrozenInputs } from '../../../src/models/contract/frozen-inputs.ts'
import { clickFrozen, clickShape } from '../../../src/models/contract/impression-inputs.ts'
import { randomStream } from '../../../src/random/stream.ts'
import { tinyDataset } from '../../fixtures/tiny-dataset.ts'

/** Items, users, and categories of items (0 is unknown, as of the last item). */
export const [items, users, categories] = [24, 12, 4]

/** The category of an item. */
export const categoryOf = (item: number): number => (item === items ? 0 : 1 + (item % categories))

/** What a model is built on and reads. */
export interface SmallShop {
  readonly shape: ClickShape
  readonly frozen: FrozenInputs
}

/** The shop; a bare one has ids and nothing else, and one behavior. */
export function smallShop({ bare = false } = {}): SmallShop {
  const dataset = bare ? bareDataset() : fullDataset()
  const vocabulary = vocabularyOf(bare ? 0 : 2, bare ? 0 : 1)
  return { shape: clickShape(dataset, vocabulary), frozen: clickFrozen(dataset, vocabulary) }
}

const bareDataset = (): Dataset => tinyDataset({ events: [], behaviors: ['click'], users, items })

function fullDataset(): Dataset {
  const stream = randomStream(7, 'shop')
  const field = (count: number, size: number, valueOf: (index: number) => number) => ({
    values: Int32Array.from({ length: count + 1 }, (_, index) => (index === 0 ? 0 : valueOf(index))),
    vocabulary: ['', ...Array.from({ length: size }, (_, value) => `v${value + 1}`)],
  })
  const vectors = (width: number, missing: (index: number) => boolean) =>
    Array.from({ length: items }, (_, at) =>
      missing(at) ? null : Array.from({ length: width }, () => stream.normal()),
    )
  const fields = { category: field(items, categories, categoryOf), brand: field(items, 3, (item) => 1 + (item % 3)) }
  const features = { image: vectors(6, (at) => at % 5 === 0), text: vectors(5, (at) => at % 7 === 1) }
  const dataset = tinyDataset({ events: [], users, items, fields, features })
  return { ...dataset, users: { fields: { age: field(users, 2, (user) => user % 3) }, numbers: {} } }
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
  }
}
