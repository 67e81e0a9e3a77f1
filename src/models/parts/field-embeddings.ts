/**
 * @file What models of clicks read of users and items besides pictures and texts: ids, categorical fields and numbers.
 */
import type { Impressions } from '../../batches/impressions.ts'
import { normal } from '../../nn/init.ts'
import { mul } from '../../tensor/elementwise.ts'
import { concat, reshape, split } from '../../tensor/move.ts'
import { input, type Parameter, parameter, type Shape, sizeOf, type Tensor } from '../../tensor/node.ts'
import { type CatalogShape, catalogInput } from '../contract/catalog.ts'
import { itemsRead } from './catalog-once.ts'
import { meanOverHistory } from './mean-over-history.ts'

/** How the rows of tables that models of clicks read begin: small, so that logits begin near 0. */
export const smallRows = normal(0.01)

/** The categorical fields of items or users, the id first. */
export interface CategoricalFields {
  /** [values, width] each. */
  readonly tables: readonly Parameter[]
  /** Of each table: `id`, then the fields' own. */
  readonly names: readonly string[]
  /** For each table the rows that indices of any shape have in it: one read of the frozen rows serves all. */
  readonly rows: (indices: Tensor) => readonly Tensor[]
  /** The same of all entries, [entries]; where `read` [entries] int64 is 0 it is row 0, the pad's. */
  readonly every: (read?: Tensor) => readonly Tensor[]
}

/** The categorical fields with tables named `field.item.id`, `field.item.NAME` and so on. */
export function categoricalFields(catalog: CatalogShape, of: 'item' | 'user', width: number): CategoricalFields {
  const [entries, ids, fields] =
    of === 'item'
      ? [catalog.itemCount + 1, catalog.itemRows, catalog.fields]
      : [catalog.userCount + 1, catalog.userRows, catalog.userFields]
  const sizes = Object.entries({ id: ids, ...fields })
  const tables = sizes.map(([name, values]) => parameter(`field.${of}.${name}`, [values, width], smallRows))
  const known = input(catalogInput.fields(of), [entries, tables.length], 'int64')
  const each = tables.map(() => 1)
  const columns = (rows: Tensor, shape: Shape): readonly Tensor[] =>
    split(rows, -1, each).map((column) => reshape(column, shape))
  return {
    tables,
    names: sizes.map(([name]) => name),
    rows(indices) {
      if (sizeOf(indices.shape) < entries) return columns(known.rows(indices), indices.shape)
      // Of what is read more often than there are entries, columns are taken apart before.
      return columns(known, [entries]).map((column) => column.rows(indices))
    },
    every: (read) => columns(read ? mul(known, reshape(read, [entries, 1])) : known, [entries]),
  }
}

/** Rows of all tables by indices of any shape, [.., width] each. */
export const rowsOfFields = (fields: CategoricalFields, indices: Tensor): readonly Tensor[] =>
  embedded(fields, fields.rows(indices))

/** Rows of items' tables as a batch reads them, [.., width] each: by indices of any shape, or without of all items. */
export const fieldsInBatch =
  (fields: CategoricalFields, catalog: CatalogShape, batch: Impressions) =>
  (ids?: Tensor): readonly Tensor[] =>
    ids ? rowsOfFields(fields, ids) : embedded(fields, fields.every(itemsRead(catalog, batch)))

const embedded = ({ tables }: CategoricalFields, rows: readonly Tensor[]): readonly Tensor[] =>
  rows.map((of, at) => (tables[at] as Parameter).rows(of))

/** How many numbers items or users have. */
export const numberCount = (catalog: CatalogShape, of: 'item' | 'user'): number =>
  of === 'item' ? catalog.itemNumbers : catalog.userNumbers

/** Numbers by indices of any shape, [.., n]; of all entries without indices. */
export type Numbers = (indices?: Tensor) => Tensor

/** Reads the numbers of items or users; undefined where there are none. */
export function numbersOf(catalog: CatalogShape, of: 'item' | 'user'): Numbers | undefined {
  const entries = (of === 'item' ? catalog.itemCount : catalog.userCount) + 1
  const count = numberCount(catalog, of)
  if (count === 0) return undefined
  const known = input(catalogInput.numbers(of), [entries, count])
  return (indices) => (indices ? known.rows(indices) : known)
}

/** Embeds indices. */
export interface Embedded {
  /** Width of an embedding. */
  readonly width: number
  /** Indices of any shape [..] -> [.., width]. */
  read(indices: Tensor): Tensor
}

/** Embeddings of several fields. */
export interface EmbeddedFields extends Embedded {
  /** Each field by itself, as they stand side by side in `read`. */
  each(indices: Tensor): readonly Tensor[]
}

/**
 * The embeddings of an item's or a user's categorical fields side by side; candidates and histories share the tables.
 */
export function embeddedFields(catalog: CatalogShape, of: 'item' | 'user', width: number): EmbeddedFields {
  const fields = categoricalFields(catalog, of, width)
  const each = (indices: Tensor): readonly Tensor[] => rowsOfFields(fields, indices)
  return { width: width * fields.tables.length, each, read: (indices) => concat(each(indices), -1) }
}

/** Numbers beside embeddings, for an output layer. */
export function withNumbers(catalog: CatalogShape, of: 'item' | 'user', embedded: Embedded): Embedded {
  const numbers = numbersOf(catalog, of)
  if (!numbers) return embedded
  return {
    width: embedded.width + numberCount(catalog, of),
    read: (indices) => concat([embedded.read(indices), numbers(indices)], -1),
  }
}

/**
 * Adds to events [H, L, width] an embedding of what was done in each, `field.behavior` where no other name is given; a
 * log of one behavior has none.
 */
export function withBehavior(
  { behaviors }: CatalogShape,
  width: number,
  name = 'field.behavior',
): (events_HLD: Tensor, behavior_HL: Tensor) => Tensor {
  if (behaviors.length === 1) return (events_HLD) => events_HLD
  const table = behaviorTable(behaviors, width, name)
  return (events_HLD, behavior_HL) => events_HLD.add(table.rows(behavior_HL))
}

/** The same of several sides of events, [H, L, width] each, whose columns of the table lie side by side. */
export function withBehaviorBySide(
  { behaviors }: CatalogShape,
  widths: readonly number[],
  name = 'field.behavior',
): (events: readonly Tensor[], behavior_HL: Tensor) => readonly Tensor[] {
  if (behaviors.length === 1) return (events) => events
  const whole = widths.reduce((sum, width) => sum + width, 0)
  const table = behaviorTable(behaviors, whole, name)
  return (events, behavior_HL) => {
    const done = split(table.rows(behavior_HL), -1, widths)
    return events.map((x, at) => x.add(done[at] as Tensor))
  }
}

const behaviorTable = (behaviors: readonly string[], width: number, name: string): Tensor =>
  parameter(name, [behaviors.length + 1, width], smallRows)

/**
 * An item's embedding plus one of what was done to it: histories as DIN and its kin read them, [H, L, width].
 */
export function embeddedHistory(
  catalog: CatalogShape,
  items: Embedded,
): (history_HL: Tensor, behavior_HL: Tensor) => Tensor {
  const done = withBehavior(catalog, items.width)
  return (history_HL, behavior_HL) => done(items.read(history_HL), behavior_HL)
}

/**
 * The mean of such a history, [H, width]. Each field has its own mean: what is not put side by side event by event need
 * not be taken apart for the gradients.
 */
export function meanOfHistory(
  { behaviors }: CatalogShape,
  items: EmbeddedFields,
): (batch: Pick<Impressions, 'history_HL' | 'behavior_HL' | 'mask_HL'>) => Tensor {
  const done = behaviors.length === 1 ? undefined : behaviorTable(behaviors, items.width, 'field.behavior')
  return ({ history_HL, behavior_HL, mask_HL }) => {
    const means = items.each(history_HL).map((x_HLE) => meanOverHistory(x_HLE, mask_HL))
    const mean_HD = concat(means, 1)
    return done ? mean_HD.add(meanOverHistory(done.rows(behavior_HL), mask_HL)) : mean_HD
  }
}
