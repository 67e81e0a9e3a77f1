import { expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import { drawnItems } from './drawn-items.ts'

/** What a batch of a catalog of so many items draws. */
function drawnOf(count: number, items: number, seed = 1): number[] {
  const into = new BigInt64Array(count)
  const data = { dataset: { catalog: { ids: Array.from({ length: items + 1 }) } } } as never
  drawnItems(count).fill?.(
    [],
    { rows: 1, length: 1, targets: 1 },
    { drawnItems: into },
    { random: randomStream(seed), data },
  )
  return Array.from(into, Number)
}

it('draws different items, and others with another stream; all in order where there are no more', () => {
  for (const [count, items] of [
    [5, 100],
    [5, 7],
  ] as const) {
    const drawn = drawnOf(count, items)
    expect(new Set(drawn).size).toBe(count)
    expect(drawn.every((item) => item >= 1 && item <= items)).toBe(true)
    expect(drawnOf(count, items)).toEqual(drawn)
    expect(drawnOf(count, items, 2)).not.toEqual(drawn)
  }
  expect(drawnOf(7, 7, 3)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

it('draws nothing when serving', () => {
  const into = new BigInt64Array(2)
  drawnItems(2).fill?.([], { rows: 1, length: 1, targets: 0 }, { drawnItems: into }, undefined)
  expect([...into]).toEqual([0n, 0n])
})
