/** @file What every model of clicks reads of users and items besides pictures and texts: ids, categorical fields and numbers, as embeddings. */
import { normal } from '../nn/init.ts'
import { add } from '../tensor/elementwise.ts'
import { gather } from '../tensor/gather.ts'
import { concat } from '../tensor/move.ts'
import { input, type Parameter, parameter, type Tensor } from '../tensor/node.ts'
import type { ClickShape } from './click-model.ts'
import { frozenInput } from './frozen-inputs.ts'

/** Names of the frozen inputs that models of clicks read besides those of `frozenInput`. */
export const clickInput = {
  /** Row of the id table by index, [items + 1] or [users + 1], int64. */
  row: (of: 'item' | 'user'): string => `${of}.row`,
  /** Value of a user's categorical field, [users + 1], int64. */
  userField: (name: string): string => `user.field.${name}`,
  /** Standardized numbers, [items + 1, n] or [users + 1, n], float32. */
  numbers: (of: 'item' | 'user'): string => `${of}.numbers`,
} as const

/** One categorical field: its table, and the rows of it that indices of users or items have. */
interface CategoricalField {
  readonly name: string
  readonly table: Parameter
  readonly rows: (indices: Tensor) => Tensor
}

/** The categorical fields of items or users, the id first, each with a table [values, width] named `PREFIX.item.id`, `PREFIX.item.NAME` and so on. */
export function categoricalFields(shape: ClickShape, of: 'item' | 'user', width: number, prefix = 'field'): readonly CategoricalField[] {
  const { itemCount, userCount } = shape
  const entries = (of === 'item' ? itemCount : userCount) + 1
  const fieldsOf = of === 'item' ? shape.fields : shape.userFields
  const frozenName = of === 'item' ? frozenInput.field : clickInput.userField
  const field = (name: string, values: number, frozen: string): CategoricalField => {
    const rows = input(frozen, [entries], 'int64')
    return { name, table: parameter(`${prefix}.${of}.${name}`, [values, width], normal(0.01)), rows: (indices) => gather(rows, indices) }
  }
  return [
    field('id', of === 'item' ? shape.itemRows : shape.userRows, clickInput.row(of)),
    ...Object.entries(fieldsOf).map(([name, values]) => field(name, values, frozenName(name))),
  ]
}

/** The numbers of items or users by index: [.., n]; undefined where there are none. */
export function numbersOf(shape: ClickShape, of: 'item' | 'user', indices: Tensor): Tensor | undefined {
  const [entries, count] = of === 'item' ? [shape.itemCount + 1, shape.itemNumbers] : [shape.userCount + 1, shape.userNumbers]
  return count === 0 ? undefined : gather(input(clickInput.numbers(of), [entries, count]), indices)
}

/** Embeds indices of any shape. */
export interface Embedded {
  /** Width of an embedding. */
  readonly width: number
  (indices: Tensor): Tensor
}

/** The embeddings of an item's or a user's categorical fields side by side, [.., width * fields]; candidates and histories share the tables. */
export function embeddedFields(shape: ClickShape, of: 'item' | 'user', width: number): Embedded {
  const fields = categoricalFields(shape, of, width)
  const embed = (indices: Tensor): Tensor => {
    const parts = fields.map(({ table, rows }) => gather(table, rows(indices)))
    return parts.length === 1 ? (parts[0] as Tensor) : concat(parts, -1)
  }
  return Object.assign(embed, { width: width * fields.length })
}

/** Numbers beside embeddings, for an output layer: [.., width + n]. */
export function withNumbers(shape: ClickShape, of: 'item' | 'user', embedded: Embedded): Embedded {
  const count = of === 'item' ? shape.itemNumbers : shape.userNumbers
  const embed = (indices: Tensor): Tensor => {
    const numbers = numbersOf(shape, of, indices)
    return numbers ? concat([embedded(indices), numbers], -1) : embedded(indices)
  }
  return Object.assign(embed, { width: embedded.width + count })
}

/** Histories as DIN and its kin read them: an item's embeddings plus one of what was done to it, `field.behavior`, [H, L, width]. */
export function embeddedHistory(shape: ClickShape, items: Embedded): (history_HL: Tensor, behavior_HL: Tensor) => Tensor {
  const behaviors = shape.behaviors.length
  if (behaviors === 1) return (history_HL) => items(history_HL)
  const table = parameter('field.behavior', [behaviors + 1, items.width], normal(0.01))
  return (history_HL, behavior_HL) => add(items(history_HL), gather(table, behavior_HL))
}
