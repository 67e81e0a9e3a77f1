import { describe, expect, it } from 'vitest'
import { coverage } from './coverage.ts'

const five = [
  [1, 2],
  [1, 2],
  [1, 3],
  [2, 4],
  [1, 2],
]

describe('coverage', () => {
  it('is what the five users of its docstring have', () => {
    expect(coverage(five, 8)).toBe(4 / 8)
  })

  it('is 0 without lists, and 1 where everything is in one', () => {
    expect(coverage([], 8)).toBe(0)
    expect(coverage([[1, 2], [3]], 3)).toBe(1)
  })
})
