import { expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { lastTwo } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { pairs } from '../pairs.ts'
import { behaviorItems } from './behavior-items.ts'

// The last two events of a user are held out. User 2 has no click.
const events: TinyEvent[] = [
  ...[1, 2, 3].map((item): TinyEvent => [1, item, 'click', item]),
  ...[3, 4, 6, 7].map((item): TinyEvent => [1, item, 'favorite', 10 + item]),
  ...[5, 6, 1, 2].map((item, at): TinyEvent => [2, item, 'favorite', at]),
]
const dataset = tinyDataset({ events })

it('are of each behavior one that the user met in training and one that he did not, the row’s own by the last', () => {
  const kind = pairs(2, { behaviors: 'target', maxLength: 4 }).with(behaviorItems([0, 1]))
  const batches = kind.training({ dataset, split: lastTwo(dataset) }, { slug: 'kmclr', batchSize: 4, seed: 1 })
  const clicked = new Set<number>()
  for (const epoch of Array.from({ length: 20 }, (_, at) => at + 1)) {
    const names = ['user', 'item', 'positives', 'negatives.of'].map((name) => `batch.${name}`)
    const buffers = Object.fromEntries(names.map((name) => [name, new BigInt64Array(8)]))
    for (const batch of batches.epoch(epoch)) batch.fill(buffers, randomStream(epoch))
    const [user, item, positive, negative] = names.map((name) => [...(buffers[name] as BigInt64Array)].map(Number)) as [
      number[],
      number[],
      number[],
      number[],
    ]
    expect([0, 1, 2, 3].map((row) => `${user[row]} ${item[row]}`).sort()).toEqual(['1 3', '1 4', '2 5', '2 6'])
    for (const row of [0, 1, 2, 3]) {
      const [click, favorite] = positive.slice(2 * row, 2 * row + 2) as [number, number]
      const [noClick, noFavorite] = negative.slice(2 * row, 2 * row + 2) as [number, number]
      expect(favorite).toBe(item[row])
      clicked.add(user[row] === 2 ? -click : click)
      expect(user[row] === 1 ? [4, 5, 6, 7] : [1, 2, 3, 4, 5, 6, 7]).toContain(noClick)
      expect(user[row] === 1 ? [1, 2, 5, 6, 7] : [1, 2, 3, 4, 7]).toContain(noFavorite)
    }
  }
  expect([...clicked].sort((a, b) => a - b)).toEqual([0, 1, 2, 3])
})

it('are written where a graph reads but one of the two, and are the same as where it reads both', () => {
  const kind = pairs(2, { behaviors: 'target', maxLength: 4 }).with(behaviorItems([0, 1]))
  const batches = kind.training({ dataset, split: lastTwo(dataset) }, { slug: 'kmclr', batchSize: 4, seed: 1 })
  const filled = (...names: string[]): Record<string, BigInt64Array> => {
    const buffers = Object.fromEntries(names.map((name) => [`batch.${name}`, new BigInt64Array(8)]))
    for (const batch of batches.epoch(1)) batch.fill(buffers, randomStream(1))
    return buffers
  }
  const both = filled('positives', 'negatives.of')
  expect({ ...filled('positives'), ...filled('negatives.of') }).toEqual(both)
})
