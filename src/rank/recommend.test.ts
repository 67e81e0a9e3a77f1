import { describe, expect, it } from 'vitest'
import type { Field, History } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { recommend, recommendFrom } from './recommend.ts'
import { recommendAll, type UserList } from './recommend-all.ts'

const users = 300
const dataset = tinyDataset({
  events: Array.from({ length: users }, (_, at) => [at + 1, 1 + (at % 5), 'click', at + 1] as const),
  items: 5,
})

/** The items after the last one in a ring come first; it keeps what it was asked. */
function ring() {
  const asked: History[][] = []
  const scorer: Scorer = {
    slug: 'ring',
    itemCount: 5,
    score(histories, into = new Float32Array(6 * histories.length)) {
      asked.push([...histories])
      for (const [row, { item }] of histories.entries())
        for (let to = 0; to < 6; to++)
          into[6 * row + to] = to === 0 ? Number.NEGATIVE_INFINITY : -((to - (item.at(-1) ?? 0) + 5) % 5)
      return Promise.resolve(into.subarray(0, 6 * histories.length))
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  return { scorer, asked }
}

describe('recommendFrom', () => {
  it('asks for a visitor who is just here, and leaves out what he touched', async () => {
    const { scorer, asked } = ring()
    const { user, items } = await recommendFrom({ scorer, dataset }, ['i1', 'i3'], { top: 2 })
    expect([user, ...items.map(({ id }) => id)]).toEqual([null, 'i4', 'i5'])
    const { user: index, item, behavior, time } = (asked[0] as History[])[0] as History
    expect([index, [...item], [...behavior], [...time]]).toEqual([0, [1, 3], [1, 1], [users + 1, users + 2]])
    await recommendFrom({ scorer, dataset }, ['i1'], { behavior: 'click' })
    expect([...(asked[1]?.[0]?.behavior ?? [])]).toEqual([0])
  })

  it('refuses an item and a behavior that the dataset does not have', async () => {
    const { scorer } = ring()
    await expect(recommendFrom({ scorer, dataset }, ['i9'])).rejects.toThrow('tiny item: unknown: "i9"')
    await expect(recommendFrom({ scorer, dataset }, ['i1'], { behavior: 'clik' })).rejects.toThrow('"click"')
  })
})

describe('a filter', () => {
  const color: Field = { vocabulary: ['', 'red', 'blue'], values: Int32Array.of(0, 1, 2, 1, 2, 1) }
  const stock = Float32Array.of(Number.NaN, 3, 1, 0, 2, 4)
  const catalog = { ...dataset.catalog, fields: { color }, numbers: { stock } }
  const shop = { ...dataset, catalog }
  const filter = { fields: { color: ['red'] }, numbers: { stock: { from: 1 } } }
  const { scorer } = ring()

  it('lets in what meets all of its conditions alone, for a visitor, a user, a stranger and everybody', async () => {
    const split = splitDataset(shop)
    const lists = [
      await recommendFrom({ scorer, dataset: shop }, ['i2'], { filter }),
      await recommend({ scorer, dataset: shop, split }, 'u2', { filter }),
      await recommend({ scorer, dataset: shop, split }, 'nobody', { filter }),
    ]
    expect(lists.map(({ items }) => items.map(({ id }) => id))).toEqual([
      ['i5', 'i1'],
      ['i5', 'i1'],
      ['i1', 'i5'],
    ])
    const all: UserList[] = []
    for await (const batch of recommendAll({ scorer, dataset: shop }, { top: 2, filter })) all.push(...batch)
    // The first user touched item 1, so that item 5 alone is left.
    expect(all.slice(0, 2).map(({ items }) => items.map(({ item }) => item))).toEqual([[5], [5, 1]])
  })

  it('names what the catalog does not have', async () => {
    const refused = recommendFrom({ scorer, dataset: shop }, ['i2'], { filter: { numbers: { stok: { from: 1 } } } })
    await expect(refused).rejects.toThrow(
      'filter.numbers: unknown: "stok", expected one of stock. did you mean "stock"?',
    )
  })
})

describe('a list of no length', () => {
  it.each([0, -1, 1.5, Number.NaN])(
    '%d is refused, where it would be empty or cut short without a word',
    async (top) => {
      const trained = { ...ring(), dataset, split: splitDataset(dataset) }
      const message = `top: invalid: ${top}, expected a whole number from 1`
      await expect(recommend(trained, 'u1', { top })).rejects.toThrow(message)
      await expect(recommendFrom(trained, ['i1'], { top })).rejects.toThrow(message)
      await expect(recommendAll(trained, { top }).next()).rejects.toThrow(message)
    },
  )
})

describe('recommendAll', () => {
  it('gives every user a list, in their order, some users at a time', async () => {
    const { scorer, asked } = ring()
    const lists: UserList[] = []
    for await (const batch of recommendAll({ scorer, dataset }, { top: 2 })) lists.push(...batch)
    expect(lists.map(({ user }) => user)).toEqual(Array.from({ length: users }, (_, at) => at + 1))
    expect(lists[0]?.items.map(({ item }) => item)).toEqual([2, 3])
    expect(lists.at(-1)?.items.map(({ item }) => item)).toEqual([1, 2])
    expect(asked.map(({ length }) => length)).toEqual([128, 128, 44])
  })

  it('asks a model that gives its best for all scores of those users alone who have too few of them left', async () => {
    const { scorer, asked } = ring()
    // It ranks the item of the user's last event in front, which is excluded.
    const best = (histories: readonly History[], kept: number) =>
      histories.map(({ user, item }) =>
        Array.from({ length: user === 7 ? 1 : kept }, (_, at) => ({
          item: 1 + (((item[0] as number) - 1 + at) % 5),
          score: -at,
        })),
      )
    const all = async (kept: number): Promise<UserList[]> => {
      const lists: UserList[] = []
      const giving: Scorer = { ...scorer, best: async (histories) => best(histories, kept) }
      for await (const batch of recommendAll({ scorer: giving, dataset }, { top: 2 })) lists.push(...batch)
      return lists
    }
    const lists = await all(3)
    expect(lists[0]?.items.map(({ item }) => item)).toEqual([2, 3])
    expect(lists[6]?.items.map(({ item }) => item)).toEqual([3, 4])
    expect(asked.map((histories) => histories.map(({ user }) => user))).toEqual([[7]])
  })
})
