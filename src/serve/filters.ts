/** @file Which items a request lets into its list. */
import type { ItemIndex } from '../dataset/schema.ts'
import { UserError, unknownName } from '../errors.ts'
import { type KnownIds, unknownItem } from './known-ids.ts'
import { type Listing, own } from './listing.ts'
import type { ItemFilter } from './service.ts'

/** Whether an item may be in a list. */
export type ItemTest = (item: ItemIndex) => boolean

/**
 * The test of a filter: every condition has to hold.
 * @throws UserError `unknown` for a field, a value or an item that the catalog does not have, `invalid` for a condition
 * of another type
 */
export function filterTest(filter: ItemFilter, listing: Listing, known: Pick<KnownIds, 'items'>): ItemTest {
  const { allow, block } = filter
  const tests = [...fieldTests(filter, listing), ...numberTests(filter, listing)]
  if (allow) {
    const items = itemsOf('filter.allow', allow, listing, known)
    tests.push((item) => items.has(item))
  }
  if (block) {
    const items = itemsOf('filter.block', block, listing, known)
    tests.push((item) => !items.has(item))
  }
  return (item) => tests.every((test) => test(item))
}

function fieldTests({ fields = {} }: ItemFilter, { catalog }: Listing): ItemTest[] {
  return Object.entries(fields).map(([name, wanted]) => {
    const where = `filter.fields.${name}`
    const field = own(catalog.fields, name)
    if (!field) {
      if (own(catalog.numbers ?? {}, name)) throw otherKind(where, 'a numeric field', 'filter.numbers')
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

function numberTests({ numbers = {} }: ItemFilter, { catalog }: Listing): ItemTest[] {
  return Object.entries(numbers).map(([name, range]) => {
    const where = `filter.numbers.${name}`
    const column = own(catalog.numbers ?? {}, name)
    if (!column) {
      if (own(catalog.fields, name)) throw otherKind(where, 'a categorical field', 'filter.fields')
      throw unknownName('filter.numbers', name, Object.keys(catalog.numbers ?? {}), noField('numeric', catalog.numbers))
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

/** The items of a list of ids; those that were put and are not in the dataset are known and never ranked. */
function itemsOf(
  where: string,
  ids: readonly string[],
  { records }: Listing,
  known: Pick<KnownIds, 'items'>,
): ReadonlySet<ItemIndex> {
  const found = new Set<ItemIndex>()
  for (const [at, id] of ids.entries()) {
    const item = known.items.get(id)
    if (item !== undefined) found.add(item)
    else if (!records.has(id)) throw unknownItem(`${where}[${at}]`, id, known)
  }
  return found
}

const noField = (kind: string, fields: object = {}): { expected?: string } =>
  Object.keys(fields).length === 0 ? { expected: `no ${kind} field: the items have none` } : {}

const invalid = (where: string, value: unknown, expected: string): UserError =>
  new UserError({ where, problem: 'invalid', value: typeof value === 'string' ? value : String(value), expected })

const otherKind = (where: string, value: string, right: string): UserError =>
  new UserError({ where, problem: 'invalid', value, expected: 'a field of the other kind', hint: `use ${right}` })
