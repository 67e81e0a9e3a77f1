/** @file What every model of clicks reads of users and items besides pictures and texts: ids, categorical fields and numbers, as embeddings. */
import { normal } from '../../nn/init.ts'
import { add } from '../../tensor/elementwise.ts'
import { gather } from '../../tensor/gather.ts'
import { concat, reshape, split } from '../../tensor/move.ts'
import { input, type Parameter, parameter, type Tensor } from '../../tensor/node.ts'
import type { ClickShape } from '../contract/click-model.ts'

/** Names of the frozen inputs that models of clicks read besides those of `frozenInput`. */
export const clickInput = {
  /** Rows of the tables of the id and of each categorical field, side by side: [items + 1, fields] or [users + 1, fields], int64. */
  fields: (of: 'item' | 'user'): string => `${of}.fields`,
  /** Standardized numbers, [items + 1, n] or [users + 1, n], float32. */
  numbers: (of: 'item' | 'user'): string => `${of}.numbers`,
} as const

/** The categorical fields of items or users, the id first. */
interface CategoricalFields {
  /** [values, width] each. */
  readonly tables: readonly Parameter[]
  /** For each table the rows that indices of any shape have in it: one read of the frozen rows serves all. */
  readonly rows: (indices: Tensor) => readonly Tensor[]
}

/** The categorical fields with tables named `field.item.id`, `field.item.NAME` and so on. */
export function categoricalFields(shape: ClickShape, of: 'item' | 'user', width: number): CategoricalFields {
  const [entries, ids, fields] =
    of === 'item'
      ? [shape.itemCount + 1, shape.itemRows, shape.fields]
      : [shape.userCount + 1, shape.userRows, shape.userFields]
  const tables = Object.entries({ id: ids, ...fields }).map(([name, values]) =>
    parameter(`field.${of}.${name}`, [values, width], normal(0.01)),
  )
  const known = input(clickInput.fields(of), [entries, tables.length], 'int64')
  const each = tables.map(() => 1)
  return {
    tables,
    rows: (indices) => split(gather(known, indices), -1, each).map((rows) => reshape(rows, indices.shape)),
  }
}

/** Rows of all tables by indices of any shape, [.., width] each. */
export function rowsOfFields({ tables, rows }: CategoricalFields, indices: Tensor): readonly Tensor[] {
  return rows(indices).map((of, at) => gather(tables[at] as Parameter, of))
}

/** Reads the numbers of items or users by indices of any shape, [.., n]; undefined where there are none. */
export function numbersOf(shape: ClickShape, of: 'item' | 'user'): ((indices: Tensor) => Tensor) | undefined {
  const [entries, count] =
    of === 'item' ? [shape.itemCount + 1, shape.itemNumbers] : [shape.userCount + 1, shape.userNumbers]
  if (count === 0) return undefined
  const known = input(clickInput.numbers(of), [entries, count])
  return (indices) => gather(known, indices)
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
  return Object.assign((indices: Tensor): Tensor => concat(rowsOfFields(fields, indices), -1), {
    width: width * fields.tables.length,
  })
}

/** Numbers beside embeddings, for an output layer: [.., width + n]. */
export function withNumbers(shape: ClickShape, of: 'item' | 'user', embedded: Embedded): Embedded {
  const count = of === 'item' ? shape.itemNumbers : shape.userNumbers
  const numbers = numbersOf(shape, of)
  const embed = (indices: Tensor): Tensor =>
    numbers ? concat([embedded(indices), numbers(indices)], -1) : embedded(indices)
  return Object.assign(embed, { width: embedded.width + count })
}

/** Histories as DIN and its kin read them: an item's embeddings plus one of what was done to it, `field.behavior`, [H, L, width]. */
export function embeddedHistory(
  shape: ClickShape,
  items: Embedded,
): (history_HL: Tensor, behavior_HL: Tensor) => Tensor {
  const behaviors = shape.behaviors.length
  if (behaviors === 1) return (history_HL) => items(history_HL)
  const table = parameter('field.behavior', [behaviors + 1, items.width], normal(0.01))
  return (history_HL, behavior_HL) => add(items(history_HL), gather(table, behavior_HL))
}
