/** @file Which items a list may have, by their fields and numbers. */
import type { Catalog, ItemIndex } from '../dataset/schema.ts'
import { UserError, unknownName } from '../errors.ts'

/** Conditions on items: every one has to hold. */
export interface ItemConditions {
  /** Values that a categorical field may have, by field. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
  /** Ranges of numeric fields, ends included, by field; an unknown number passes none. */
  readonly numbers?: Readonly<Record<string, { readonly from?: number; readonly to?: number }>>
}

/** Whether an item may be in a list. */
export type ItemTest = (item: ItemIndex) => boolean

/** Items that a list leaves out. */
export interface LeftOut {
  has(item: ItemIndex): boolean
}

/**
 * A test for each condition.
 * @throws UserError `unknown` for a field or a value that the catalog does not have, `invalid` for a condition of
 * another type
 */
export function conditionTests({ fields = {}, numbers = {} }: ItemConditions, catalog: Catalog): ItemTest[] {
  return [...fieldTests(fields, catalog), ...numberTests(numbers, catalog)]
}

/** What a list leaves out: these items, and those of the catalog that do not pass every condition. */
export function leftOutOf(catalog: Catalog, conditions: ItemConditions | undefined): (excluded: LeftOut) => LeftOut {
  if (!conditions) return (excluded) => excluded
  const tests = conditionTests(conditions, catalog)
  // Asked of every item and user: each item is tested once.
  const passes = catalog.ids.map((_, item) => item > 0 && tests.every((test) => test(item)))
  return (excluded) => ({ has: (item) => !passes[item] || excluded.has(item) })
}

function fieldTests(fields: NonNullable<ItemConditions['fields']>, catalog: Catalog): ItemTest[] {
  return Object.entries(fields).map(([name, wanted]) => {
    const where = `filter.fields.${name}`
    const field = Object.hasOwn(catalog.fields, name) ? catalog.fields[name] : undefined
    if (!field) {
      if (Object.hasOwn(catalog.numbers ?? {}, name)) throw otherKind(where, 'a numeric field', 'filter.numbers')
      throw unknownName('filter.fields', name, Object.keys(catalog.fields), noField('categorical', catalog.fields))
    }
    if (!Array.isArray(wanted)) throw invalid(where, wanted, 'a list of values')
    const allowed = new Uint8Array(field.vocabulary.length)
    for (const [at, value] of wanted.entries()) {
      if (typeof value !== 'string') throw invalid(`${where}[${at}]`, value, 'a text')
      const index = field.vocabulary.indexOf(value)
      if (index < 0) throw unknownName(`${where}[${at}]`, value, field.vocabulary.slice(1))
      allowed[index] = 1
    }
    return (item) => allowed[field.values[item] as number] === 1
  })
}

function numberTests(ranges: NonNullable<ItemConditions['numbers']>, { fields, numbers = {} }: Catalog): ItemTest[] {
  return Object.entries(ranges).map(([name, range]) => {
    const where = `filter.numbers.${name}`
    const column = Object.hasOwn(numbers, name) ? numbers[name] : undefined
    if (!column) {
      if (Object.hasOwn(fields, name)) throw otherKind(where, 'a categorical field', 'filter.fields')
      throw unknownName('filter.numbers', name, Object.keys(numbers), noField('numeric', numbers))
    }
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = range
    for (const [end, value] of Object.entries({ from, to })) {
      if (typeof value !== 'number' || Number.isNaN(value)) throw invalid(`${where}.${end}`, value, 'a number')
    }
    if (from > to) throw invalid(where, `from ${from} to ${to}`, 'the smaller end first')
    // The catalog keeps numbers in 32 bits, 11.63 as a little more than that: an end is taken as it would be kept.
    const [low, high] = [Math.fround(from), Math.fround(to)]
    // Of an unknown number, which is NaN, both comparisons are false.
    return (item) => (column[item] as number) >= low && (column[item] as number) <= high
  })
}

const noField = (kind: string, fields: object): { expected?: string } =>
  Object.keys(fields).length === 0 ? { expected: `no ${kind} field: the items have none` } : {}

const invalid = (where: string, value: unknown, expected: string): UserError =>
  new UserError({ where, problem: 'invalid', value: typeof value === 'string' ? value : String(value), expected })

const otherKind = (where: string, value: string, right: string): UserError =>
  new UserError({ where, problem: 'invalid', value, expected: 'a field of the other kind', hint: `use ${right}` })
