import { describe, expect, it } from 'vitest'
import { add, exp, mul } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import { input } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { peakBytes } from './memory.ts'

describe('peakBytes', () => {
  it('is one buffer for a chain computed in place', () => {
    expect(peakBytes([sum(exp(mul(exp(input('x', [10])), 2)))])).toBe(40)
  })

  it('holds what is still to be read beside what is being made', () => {
    const x = input('x', [4, 4])
    const a = matmul(x, x)
    const b = matmul(a, a)
    // a stays until the last sum: a and b, 64 bytes each, and the sum takes the place of one of them.
    expect(peakBytes([sum(add(b, a))])).toBe(128)
  })

  it('does not count outputs, which lie in buffers of their own', () => {
    const x = input('x', [8])
    expect(peakBytes([exp(x)])).toBe(0)
  })
})
