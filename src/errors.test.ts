import { describe, expect, it } from 'vitest'
import { shorten, UserError, unknownName } from './errors.ts'

const long = 'x'.repeat(40_000_000)

describe('a sentence', () => {
  it('shows at most 80 characters of a value, and has at most 300', () => {
    const { message } = new UserError({
      where: long,
      problem: 'invalid',
      value: `"${long}"`,
      expected: long,
      hint: long,
    })
    expect(message.length).toBeLessThanOrEqual(300)
    expect(message).toContain(`invalid: "${'x'.repeat(75)}...", expected `)
  })

  it('keeps the row and column of a long place', () => {
    const { message } = new UserError({ where: `${long}.csv row 7`, problem: 'invalid', value: '"a"' })
    expect(message).toMatch(/^\.\.\.x{80,}\.csv row 7: invalid: "a"$/)
    expect(message.length).toBeLessThan(130)
  })

  it('keeps the hint, and cuts what would have been right', () => {
    const hint = 'set events.delimiter in the mapping'
    const { message } = new UserError({ where: 'a.csv', problem: 'missing', value: 'b', expected: long, hint })
    expect(message).toMatch(/, expected x+\.\.\.\. set events\.delimiter in the mapping$/)
    expect(message.length).toBeLessThanOrEqual(300)
  })

  it('is one line without control characters', () => {
    const { message } = new UserError({ where: 'a\nb', problem: 'invalid', value: '"c\r\u0000\u009b2Jd\u2028"' })
    expect(message).toBe(String.raw`a\nb: invalid: "c\r\u0000\u009b2Jd\u2028"`)
  })

  it('does not part a character of two code units', () => {
    expect(shorten(`${'a'.repeat(76)}😀😀😀`)).toBe(`${'a'.repeat(76)}...`)
  })

  it('says how many more names there are', () => {
    const names = Array.from({ length: 3000 }, (_, at) => `column${at}`)
    const { message } = unknownName('mapping', 'colum7', names)
    expect(message).toMatch(/expected one of column0, .*, column\d+ and \d+ more\. did you mean "column7"\?$/)
    expect(message.length).toBeLessThanOrEqual(300)
  })

  it('compares no long text with the names', () => {
    const before = process.cpuUsage()
    expect(unknownName('mapping', long, ['click', 'buy']).message).not.toContain('did you mean')
    expect(process.cpuUsage(before).user / 1e3).toBeLessThan(500)
  })

  it('offers the nearest names, three at most, and none that is far-fetched', () => {
    const ids = Array.from({ length: 9134 }, (_, at) => `item${at}`)
    const message = (value: string): string =>
      unknownName('shop item', value, ids, { expected: 'an item of the dataset' }).message
    expect(message('itm12')).toBe(
      'shop item: unknown: "itm12", expected an item of the dataset. did you mean "item12"?',
    )
    expect(message('item9999')).toMatch(/did you mean "item\d+", "item\d+", or "item\d+"\?$/)
    expect(message('ITEM7')).toMatch(/did you mean "item7"\?$/)
    expect(message('a book')).toBe('shop item: unknown: "a book", expected an item of the dataset')
    const skip = { hint: 'or skip it' }
    expect(unknownName('log', 'wishlist', ['click', 'buy'], skip).message).toMatch(
      /expected one of click, buy\. or skip it$/,
    )
    expect(unknownName('log', 'clik', ['click', 'buy'], skip).message).toMatch(/did you mean "click"\?$/)
  })
})
