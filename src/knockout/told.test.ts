import { describe, expect, it } from 'vitest'
import type { KnockOut } from './knock-out.ts'
import type { Way } from './signals.ts'
import { sentencesOf } from './told.ts'

const interval = (mean: number, half: number) => ({ mean, low: mean - half, high: mean + half, n: 100 })
/** A model whose figure is 0.1 untouched, and less by so much without pictures, give or take 0.01. */
const told = (lost: Partial<Record<Way, number>>): string | undefined =>
  sentencesOf({
    run: 'runs/a',
    model: 'A',
    dataset: 'shop',
    part: 'test',
    seed: 1,
    targets: 100,
    users: 100,
    metric: 'ndcg@10',
    untouched: interval(0.1, 0.01),
    unread: [],
    signals: [
      {
        kind: 'modality',
        name: 'image',
        cost: { diskBytes: 1, memoryBytes: 1, encodeSeconds: null },
        inference: Object.entries(lost).map(([way, mean]) => ({
          way: way as Way,
          figure: interval(0.1 - mean, 0.01),
          loss: interval(mean, 0.01),
          share: mean / 0.1,
        })),
      },
    ],
  } satisfies KnockOut)[0]

describe('the sentence of a knock-out', () => {
  it('goes by the permutation', () => {
    expect(told({ nothing: 0.05, permutation: 0.02 })).toBe(
      'Pictures add 20.0 %: this model with them shuffled loses that much of NDCG@10.',
    )
  })
  it('says so where the model wants some value, and not the right one', () => {
    const nothing = 'Pictures add nothing you could measure on this data: this model with them shuffled loses'
    expect(told({ nothing: 0.005, permutation: 0 })).toBe(`${nothing} between -0.0100 and 0.0100.`)
    expect(told({ nothing: 0.05, permutation: 0 })).toBe(
      `${nothing} between -0.0100 and 0.0100; it wants some, not the right ones, since without any it loses 50.0 % of NDCG@10.`,
    )
  })
})
