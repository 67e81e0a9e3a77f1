/** @file `--filter` of a list: the conditions that its items have to meet, as the query of the service has them. */
import { UserError } from '../errors.ts'
import { readRange } from '../http/query.ts'
import type { ItemConditions } from '../rank/item-conditions.ts'

/** What the flag says of itself. */
export const filterWords =
  'only items that meet a condition: field.color=red, or a range such as number.stock=1.. or number.price=10..20; it may be given several times: all must hold, and of one field any of its values'

/** Adds a condition to those before it. @throws UserError `invalid` for what is none, `duplicate` for a second range */
export function filterOf(text: string, before: ItemConditions = {}): ItemConditions {
  const { fields = {}, numbers = {} } = before
  const [, kind, name = '', value = ''] = /^(field|number)\.([^=]+)=(.+)$/s.exec(text) ?? []
  const told = { where: '--filter', value: `"${text}"` } as const
  if (kind === 'field') return { ...before, fields: { ...fields, [name]: [...(fields[name] ?? []), value] } }
  if (kind !== 'number')
    throw new UserError({ ...told, problem: 'invalid', expected: 'field.NAME=VALUE or number.NAME=FROM..TO' })
  if (Object.hasOwn(numbers, name)) throw new UserError({ ...told, problem: 'duplicate', expected: 'one range' })
  return { ...before, numbers: { ...numbers, [name]: readRange(`--filter number.${name}`, value) } }
}
