import { describe, expect, it } from 'vitest'
import { filterOf } from './item-filter.ts'

describe('--filter', () => {
  it('adds values of fields and ranges of numbers', () => {
    const given = ['field.color=red', 'number.stock=1..', 'field.color=a=b', 'number.price=..9.5']
    expect(given.reduce((before, text) => filterOf(text, before), {})).toEqual({
      fields: { color: ['red', 'a=b'] },
      numbers: { stock: { from: 1 }, price: { to: 9.5 } },
    })
  })

  it('refuses what is no condition, and a second range', () => {
    expect(() => filterOf('stock>0')).toThrow(
      '--filter: invalid: "stock>0", expected field.NAME=VALUE or number.NAME=FROM..TO',
    )
    expect(() => filterOf('number.stock=1')).toThrow(/^--filter number\.stock: invalid: "1", expected a range such as/)
    expect(() => filterOf('number.stock=1..', filterOf('number.stock=2..'))).toThrow('duplicate')
  })
})
