import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { optionsOf, parseOptions } from './options.ts'

const schema = z
  .strictObject({
    size: z.int().min(1).max(8).default(4).describe('a size'),
    rate: z.number().positive().lt(1).default(0.5).describe('a rate'),
    mode: z.enum(['left', 'right']).default('left').describe('a side'),
    flag: z.boolean().default(false).describe('a switch'),
  })
  .refine(({ size }) => size !== 3, { path: ['size'], message: 'must not be 3' })

describe('optionsOf', () => {
  it('tells name, range, default and description of each option', () => {
    expect(optionsOf(schema)).toMatchObject([
      { name: 'size', kind: 'integer', range: 'a whole number from 1 to 8', default: 4, description: 'a size' },
      { name: 'rate', kind: 'number', range: 'a number above 0 to below 1', default: 0.5, description: 'a rate' },
      { name: 'mode', kind: 'choice', range: 'one of left, right', default: 'left', description: 'a side' },
      { name: 'flag', kind: 'boolean', range: 'true or false', default: false, description: 'a switch' },
    ])
  })

  it('tells ranges as numbers and choices, 0 left out where it is not allowed', () => {
    expect(optionsOf(schema).map(({ bounds }) => bounds)).toEqual([
      { least: 1, most: 8 },
      { least: Number.MIN_VALUE, most: 1 },
      { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY, choices: ['left', 'right'] },
      { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY },
    ])
  })
})

describe('parseOptions', () => {
  it('fills in defaults', () => {
    expect(parseOptions('model', schema, { size: 2 })).toEqual({ size: 2, rate: 0.5, mode: 'left', flag: false })
  })

  it.each([
    [{ size: 0 }, 'model.size: invalid: 0, expected a whole number from 1 to 8. the default is 4'],
    [{ size: 1.5 }, 'model.size: invalid: 1.5, expected a whole number from 1 to 8'],
    [{ size: 3 }, 'model.size: invalid: 3, expected a whole number from 1 to 8 that must not be 3'],
    [{ rate: 1 }, 'model.rate: invalid: 1, expected a number above 0 to below 1'],
    [{ mode: 'up' }, 'model.mode: invalid: "up", expected one of left, right'],
    [{ flag: 'yes' }, 'model.flag: invalid: "yes", expected true or false'],
    [{ sise: 2 }, 'model: unknown: "sise", expected one of size, rate, mode, flag. did you mean "size"?'],
  ])('refuses %o in one sentence', (input, told) => {
    expect(() => parseOptions('model', schema, input)).toThrow(told)
  })
})
