import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shortestDecimal } from './shortest-decimal.ts'

describe('the shortest decimal of a number of 32 bits', () => {
  it.each([0, 1, -3, 11.63, 0.1, 1e-45, 1995, 16_777_216, 1_700_000_000, 3.4028235e38, -0.333_333_34])(
    'is %d',
    (decimal) => {
      expect(shortestDecimal(Math.fround(decimal))).toBe(decimal)
    },
  )

  it('is kept as the same number, whatever it is', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(Math.fround(shortestDecimal(value)) === value).toBe(true)
      }),
    )
  })

  it('is what was written, up to six digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 6 }), (digits, places) => {
        const written = Number(`${digits}e-${places}`)
        expect(shortestDecimal(Math.fround(written))).toBe(written)
      }),
    )
  })
})
