/**
 * @file The five relation graphs of SSDRec, from training events alone; the strongest neighbors of each row, never all
 * pairs.
 */
import { Bug } from '../../errors.ts'
import { movedGroup, movedLayout } from '../../tensor/moved-layout.ts'
import { type LayoutTensor, type SparseMatrix, sparseLayout, transposed } from '../../tensor/sparse-product.ts'
import type { Offline, OfflineSources } from '../contract/model.ts'
import { type Moved, type Places, placesAfter } from '../contract/places.ts'
import type { SsdrecConfig } from './config.ts'
import {
  averaging,
  countedItems,
  countMeetings,
  hotRows,
  type Meetings,
  sparseRows,
  strongestOf,
  trainingHistories,
  upTo,
} from './meetings.ts'
import { incompatibleUsers, similarUsers } from './user-graphs.ts'

/** The options that the graphs depend on. */
export type GraphOptions = Pick<SsdrecConfig, 'minimumCoOccurrence' | 'coldItems' | 'coldUsers' | 'neighbors'>

/** Graphs whose rows are items, each [items + 1, items + 1] but `readers`, [items + 1, users + 1]. */
export const itemGraphs = ['earlier', 'later', 'incompatible', 'readers'] as const

/** All graphs; rows are averages, so that they sum to 1, or are empty. */
export interface Graphs {
  /** G2: items that come before an item in a history, and after it; the nearer, the more. */
  readonly earlier: SparseMatrix
  readonly later: SparseMatrix
  /** G3: items that never come with an item though both come with a third one. */
  readonly incompatible: SparseMatrix
  /** G1: the users of an item. */
  readonly readers: SparseMatrix
  readonly users: {
    /** G1: the items of a user; those of the average user in row 0. */
    readonly items: SparseMatrix
    /** G4: users with the same items, the user among them. Row 0 is its own neighbor. */
    readonly similar: SparseMatrix
    /** G5: users without a common item who both are similar to a third one. */
    readonly incompatible: SparseMatrix
  }
}

/** Makes the graphs. @throws Bug without a split */
export function ssdrecGraphs(
  options: GraphOptions,
  { dataset, split }: Pick<OfflineSources, 'dataset' | 'split'>,
): Graphs {
  if (!split) throw new Bug('the graphs of SSDRec are made from a split of events')
  const histories = trainingHistories(dataset, split)
  const itemCount = dataset.catalog.ids.length - 1
  const counts = countedItems(histories, itemCount)
  const readers = transposed(counts)
  const similar = similarUsers(counts, readers, options)
  return {
    // The rarest items are incompatible with nothing.
    ...graphsOfItems(histories, hotRows(readers, options.coldItems), { ...options, itemCount }),
    readers: averaging(readers),
    users: {
      items: withAverageRow(averaging(counts)),
      similar: averaging(similar),
      incompatible: averaging(incompatibleUsers(counts, similar, options)),
    },
  }
}

/** Graphs of nothing: of a catalog whose log is not known. */
export function emptyGraphs(itemCount: number, userCount: number): Graphs {
  const [items, users] = [itemCount + 1, userCount + 1]
  const empty = (rows: number, columns: number): SparseMatrix => ({
    rows,
    columns,
    start: new Int32Array(rows + 1),
    column: new Int32Array(0),
    value: new Float32Array(0),
  })
  const [between, among] = [empty(items, items), empty(users, users)]
  return {
    earlier: between,
    later: between,
    incompatible: between,
    readers: empty(items, users),
    users: { items: empty(users, items), similar: among, incompatible: among },
  }
}

/**
 * The graphs as frozen inputs: `items.NAME` and `users.items` for products, `users.{similar,incompatible}` as lists
 * that the rows of a batch are taken from.
 */
export function graphLayout({ users, ...items }: Graphs): Offline {
  const layouts = itemGraphs.map((name) => sparseLayout(`items.${name}`, items[name]))
  return Object.assign(
    {},
    ...layouts,
    sparseLayout('users.items', users.items),
    neighborLists('users.similar', users.similar),
    neighborLists('users.incompatible', users.incompatible),
  ) as Offline
}

/** NAME.ids [rows, n] and NAME.weights [rows, n]: n is the longest row, shorter ones are padded with weights of 0. */
function neighborLists(name: string, { rows, start, column, value }: SparseMatrix): Record<string, LayoutTensor> {
  let width = 1
  for (let row = 0; row < rows; row++) width = Math.max(width, (start[row + 1] as number) - (start[row] as number))
  const [ids, weights] = [new BigInt64Array(rows * width), new Float32Array(rows * width)]
  for (let row = 0; row < rows; row++) {
    const [from, to] = [start[row] as number, start[row + 1] as number]
    for (let at = from; at < to; at++) ids[row * width + at - from] = BigInt(column[at] as number)
    weights.set(value.subarray(from, to), row * width)
  }
  const shape = [rows, width]
  return { [`${name}.ids`]: { shape, data: ids }, [`${name}.weights`]: { shape, data: weights } }
}

/**
 * The graphs on a later dataset. A row without some of its neighbors is the average of the others, new items are near
 * nothing, and new users are read as the average one is.
 */
export function laterLayout(made: Offline, { users, items }: Moved): Offline {
  const part = (name: string, rows: Places, columns: Places): Offline =>
    movedLayout(`${name}.forward`, made, { rows: rows.now, columns: placesAfter(columns), keepsSums: true })
  return Object.assign(
    {},
    ...itemGraphs.map((name) => part(`items.${name}`, items, name === 'readers' ? users : items)),
    part('users.items', users, items),
    laterLists('users.similar', made, users),
    laterLists('users.incompatible', made, users),
  ) as Offline
}

/** What {@link neighborLists} made, on a later dataset. */
function laterLists(name: string, made: Offline, users: Places): Record<string, LayoutTensor> {
  const lists = movedGroup(name, made, { columns: placesAfter(users), keepsSums: true })
  const width = lists[`${name}.ids`]?.shape[1] as number
  const shape = [users.now.length, width]
  const laid = { ids: new BigInt64Array(users.now.length * width), weights: new Float32Array(users.now.length * width) }
  for (const [row, was] of users.now.entries())
    for (const what of ['ids', 'weights'] as const) {
      const list = lists[`${name}.${what}`]?.data.subarray(was * width, (was + 1) * width)
      laid[what].set(list as never, row * width)
    }
  return { [`${name}.ids`]: { shape, data: laid.ids }, [`${name}.weights`]: { shape, data: laid.weights } }
}

/** Bytes that the graphs and their file take, about. */
export function graphBytes(
  { neighbors }: GraphOptions,
  { dataset, split }: Pick<OfflineSources, 'dataset' | 'split'>,
): number {
  if (!split) return 0
  const [items, users] = [dataset.catalog.ids.length, dataset.userIds.length]
  const events = split.trainEnd.reduce(
    (sum, end, user) => sum + (user > 0 ? end - (dataset.events.start[user] as number) : 0),
    0,
  )
  // A sparse layout has its entries twice, ids of 8 bytes and weights of 4, padded by a third; the matrix has 8 more.
  const sparse = (entries: number): number => (8 + (4 / 3) * 2 * 12) * entries
  return (
    sparse(2 * events + items + 3 * items * Math.min(neighbors, items)) + 20 * 2 * users * Math.min(neighbors, users)
  )
}

/** The rows of a matrix with their mean in row 0. */
function withAverageRow({ rows, columns, start, column, value }: SparseMatrix): SparseMatrix {
  const known = new Set<number>()
  const mean = new Float64Array(columns)
  let counted = 0
  for (let row = 1; row < rows; row++) if ((start[row + 1] as number) > (start[row] as number)) counted++
  for (const [at, id] of column.entries()) {
    known.add(id)
    mean[id] = (mean[id] as number) + (value[at] as number) / counted
  }
  const first = [...known].sort((a, b) => a - b)
  return {
    rows,
    columns,
    start: start.map((at, row) => (row === 0 ? 0 : at + first.length)),
    column: Int32Array.from([...first, ...column]),
    value: Float32Array.from([...first.map((id) => mean[id] as number), ...value]),
  }
}

/** Items that two incompatible ones may share: the strongest of each. */
const mostShared = 500

type Row = readonly [columns: readonly number[], values: readonly number[]]
const nothing: Row = [[], []]

function graphsOfItems(
  histories: readonly Int32Array[],
  hot: ReadonlySet<number>,
  { itemCount, minimumCoOccurrence: minimum, neighbors }: GraphOptions & { readonly itemCount: number },
): Pick<Graphs, 'earlier' | 'later' | 'incompatible'> {
  const [earlier, later, incompatible] = [
    sparseRows(itemCount + 1),
    sparseRows(itemCount + 1),
    sparseRows(itemCount + 1),
  ]
  const together = ({ laterCount, earlierCount }: Meetings, other: number): number =>
    (laterCount[other] as number) + (earlierCount[other] as number)
  const often = (item: number, met: Meetings): readonly number[] =>
    met.others.filter((other) => other !== item && together(met, other) > minimum)
  /** Of each item the frequent ones that it often meets, and how often. */
  const meets: Row[] = [nothing]
  for (const rows of [earlier, later]) rows.push(...nothing)
  countMeetings(histories, itemCount, upTo(itemCount), (item, met) => {
    const strongest = (sums: Float64Array, counts: Int32Array): Row => {
      const edges = met.others.filter((other) => (counts[other] as number) > minimum)
      return strongestOf(edges, (other) => sums[other] as number, neighbors)
    }
    earlier.push(...strongest(met.earlier, met.earlierCount))
    later.push(...strongest(met.later, met.laterCount))
    const frequent = often(item, met).filter((other) => hot.has(other))
    meets.push(strongestOf(frequent, (other) => together(met, other), mostShared))
  })
  const rows = new Map<number, Row>()
  const sums = new Float64Array(itemCount + 1)
  countMeetings(histories, itemCount, hot, (item, met) => {
    const found: number[] = []
    const known = new Set([item, ...met.others])
    const [shared, counts] = strongestOf(often(item, met), (other) => together(met, other), mostShared)
    for (const [at, third] of shared.entries()) {
      const [others, theirs] = meets[third] as Row
      for (const [place, other] of others.entries()) {
        if (known.has(other)) continue
        if (sums[other] === 0) found.push(other)
        sums[other] = (sums[other] as number) + (counts[at] as number) + (theirs[place] as number)
      }
    }
    rows.set(
      item,
      strongestOf(found, (other) => sums[other] as number, neighbors),
    )
    for (const other of found) sums[other] = 0
  })
  for (let item = 0; item <= itemCount; item++) incompatible.push(...(rows.get(item) ?? nothing))
  return {
    earlier: averaging(earlier.matrix()),
    later: averaging(later.matrix()),
    incompatible: averaging(incompatible.matrix()),
  }
}
