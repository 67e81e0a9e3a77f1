import { describe, expect, it } from 'vitest'
import { keptLists } from './kept-lists.ts'

const list = (first: number) => [
  { item: first, score: 0.1 },
  { item: 2_000_000_000, score: -Math.PI },
]

describe('kept lists', () => {
  it('come back as they were, by their history and length', () => {
    const lists = keptLists()
    lists.keep('a', 2, list(1))
    expect(lists.of('a', 2)).toEqual(list(1))
    expect(lists.of('a', 3)).toBeUndefined()
    expect(lists.of('b', 2)).toBeUndefined()
    lists.keep('b', 2, [])
    expect(lists.of('b', 2)).toEqual([])
  })

  it('leave when they take too much, the one that was asked for the longest time ago first', () => {
    // Two items take 32 bytes, and a list 300 beside them.
    const lists = keptLists(2 * 332)
    lists.keep('a', 2, list(1))
    lists.keep('b', 2, list(2))
    lists.of('a', 2)
    lists.keep('c', 2, list(3))
    expect(['a', 'b', 'c'].map((key) => lists.of(key, 2)?.[0]?.item)).toEqual([1, undefined, 3])
  })
})
