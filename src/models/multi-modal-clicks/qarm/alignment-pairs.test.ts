import { expect, it } from 'vitest'
import type { ClickSamples } from '../../../dataset/click-samples.ts'
import { tinyDataset } from '../../../testing/tiny-dataset.ts'
import { alignmentPairs } from './alignment-pairs.ts'

type Shown = readonly [user: number, item: number, events: number, label: number]

/** Pairs of the first samples; those from `train` on are no training. A sample reads so many events of its user. */
function pairsOf(histories: readonly (readonly number[])[], shown: readonly Shown[], train = shown.length) {
  const item = Int32Array.from(histories.flat())
  const start = [0, 0]
  for (const history of histories) start.push((start.at(-1) as number) + history.length)
  const column = (of: (sample: Shown) => number): Int32Array => Int32Array.from(shown, of)
  const samples = {
    columns: { item, behavior: new Uint8Array(item.length), time: new Float64Array(item.length), start },
    user: column(([user]) => user),
    item: column(([, one]) => one),
    end: column(([user, , events]) => (start[user] as number) + events),
    label: Uint8Array.from(shown, ([, , , label]) => label),
    train: Int32Array.from({ length: train }, (_, at) => at),
  } as unknown as ClickSamples
  const dataset = tinyDataset({ events: [], users: histories.length, items: 4 })
  return alignmentPairs({ dataset, samples }, 2)
}

it('a click is paired with the event whose item shares most users with its own', () => {
  // Users 1 and 2 took 1 and then 3; user 1 took 2 in between: 2 / sqrt(2) is more than 1 / sqrt(1).
  const histories = [[1, 2], [1]]
  const clicks: Shown[] = [
    [1, 3, 2, 1],
    [2, 3, 1, 1],
  ]
  expect(pairsOf(histories, clicks)).toEqual([
    [1, 3],
    [1, 3],
  ])
  // Now 1 is what everybody takes: 2 / sqrt(5) is less than 1 / sqrt(1).
  const popular = [...histories, [1], [1], [1]]
  const others = [3, 4, 5].map((user): Shown => [user, 4, 1, 0])
  expect(pairsOf(popular, [...clicks, ...others])).toEqual([
    [2, 3],
    [1, 3],
  ])
  // What only samples after training read is not counted.
  expect(pairsOf(popular, [...clicks, ...others], 2)).toEqual([
    [1, 3],
    [1, 3],
  ])
})

it('of equal ones the latest is taken, and what lies beyond the last events is not read', () => {
  expect(pairsOf([[1, 2]], [[1, 3, 2, 1]])).toEqual([[2, 3]])
  expect(
    pairsOf(
      [[1, 2], [1], [1, 4, 4]],
      [
        [1, 3, 2, 1],
        [2, 3, 1, 1],
        [3, 3, 3, 1],
      ],
    ),
  ).toContainEqual([4, 3])
})

it('what is no click, has no event before it, or repeats its item has no pair', () => {
  const shown: Shown[] = [
    [1, 3, 2, 0],
    [1, 3, 0, 1],
    [2, 2, 1, 1],
  ]
  expect(pairsOf([[1, 2], [2]], shown)).toEqual([])
})
