/** @file The graphs of KMCLR: who met what by each behavior, and what each edge counts; of training events alone. */
import type { BehaviorIndex } from '../../../dataset/schema.ts'
import { Bug } from '../../../errors.ts'
import { type EdgeProducts, edgeLayout, edgeProducts } from '../../../tensor/edge-product.ts'
import { input, type Tensor } from '../../../tensor/node.ts'
import type { Pattern } from '../../../tensor/sparse-product.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Offline, OfflineSources } from '../../contract/model.ts'
import type { GraphReaders } from '../../parts/light-gcn.ts'
import type { KmclrConfig } from './config.ts'

/** Where a user and an item met: [users + 1, items + 1], the items of each user ascending. */
export type Meetings = Pattern

/** The behaviors that are read, the target last. */
export function behaviorsOf(
  { withoutAuxiliary }: Pick<KmclrConfig, 'withoutAuxiliary'>,
  { behaviors, target }: Pick<CatalogShape, 'behaviors' | 'target'>,
): readonly BehaviorIndex[] {
  const others = withoutAuxiliary ? [] : behaviors.flatMap((_, at) => (at === target ? [] : [at]))
  return [...others, target]
}

/** The distinct pairs of training events of a behavior. @throws Bug without a split */
export function meetingsBy(behavior: BehaviorIndex, { dataset, split }: Pick<OfflineSources, 'dataset' | 'split'>) {
  if (!split) throw new Bug('the graphs of KMCLR are made from a split of events')
  const { events, catalog } = dataset
  const users = split.trainEnd.length
  const start = new Int32Array(users + 1)
  const column: number[] = []
  for (let user = 0; user < users; user++) {
    const own = new Set<number>()
    if (user > 0)
      for (let row = events.start[user] as number; row < (split.trainEnd[user] as number); row++)
        if (events.behavior[row] === behavior) own.add(events.item[row] as number)
    column.push(...[...own].sort((a, b) => a - b))
    start[user + 1] = column.length
  }
  return { rows: users, columns: catalog.ids.length, start, column: Int32Array.from(column) } satisfies Meetings
}

/** What each edge counts, [1 + edges], the first 0, where its user and item have so many. */
export function edgeValues(
  { rows, columns, start, column }: Meetings,
  valueOf: (user: number, item: number) => number,
  kept: (edge: number) => boolean = () => true,
): Float32Array {
  const [ofUser, ofItem] = [new Int32Array(rows), new Int32Array(columns)]
  const each = (visit: (edge: number, user: number, item: number) => void): void => {
    for (let user = 0; user < rows; user++)
      for (let edge = start[user] as number; edge < (start[user + 1] as number); edge++)
        if (kept(edge)) visit(edge, user, column[edge] as number)
  }
  each((_, user, item) => {
    ofUser[user] = (ofUser[user] as number) + 1
    ofItem[item] = (ofItem[item] as number) + 1
  })
  const values = new Float32Array(1 + column.length)
  each((edge, user, item) => {
    values[1 + edge] = valueOf(ofUser[user] as number, ofItem[item] as number)
  })
  return values
}

/** As LightGCN has it: 1 / sqrt(edges of the user x edges of the item). */
export const symmetric = (user: number, item: number): number => 1 / Math.sqrt(user * item)

/** What an edge counts where users read items, and where items read users. */
const valueBy = {
  mean: { ofUsers: (user) => 1 / user, ofItems: (_, item) => 1 / item },
  symmetric: { ofUsers: symmetric, ofItems: symmetric },
  sum: { ofUsers: () => 1, ofItems: () => 1 },
} as const satisfies Readonly<
  Record<KmclrConfig['aggregate'], Readonly<Record<'ofUsers' | 'ofItems', (user: number, item: number) => number>>>
>

/** The options that the graphs depend on. */
export type GraphOptions = Pick<KmclrConfig, 'aggregate' | 'withoutAuxiliary'>

const nameOf = (at: number): string => `graph.${at}`
const values = { ofUsers: 'users', ofItems: 'items', symmetric: 'symmetric' } as const

/** The graphs as frozen inputs, `graph.0` that of the first behavior that is read. */
export function graphLayout({ aggregate }: GraphOptions, meetings: readonly Meetings[]): Offline {
  const layouts = meetings.map((met, at) => {
    const one = (name: string, data: Float32Array) => ({ [`${nameOf(at)}.${name}`]: { shape: [data.length], data } })
    const isTarget = at === meetings.length - 1
    return {
      ...edgeLayout(nameOf(at), met),
      ...one(values.ofUsers, edgeValues(met, valueBy[aggregate].ofUsers)),
      ...one(values.ofItems, edgeValues(met, valueBy[aggregate].ofItems)),
      ...(isTarget && one(values.symmetric, edgeValues(met, symmetric))),
    }
  })
  return Object.assign({}, ...layouts) as Offline
}

/** Graphs of a catalog whose log is not known: nobody met anything. */
export const noMeetings = ({ userCount, itemCount }: Pick<CatalogShape, 'userCount' | 'itemCount'>): Meetings => ({
  rows: userCount + 1,
  columns: itemCount + 1,
  start: new Int32Array(userCount + 2),
  column: new Int32Array(0),
})

/** The graph of a behavior in a graph of tensors. */
export interface BehaviorGraph {
  readonly products: EdgeProducts
  /** What an edge counts where users read items, and where items read users. */
  readonly toUsers_E: Tensor
  readonly toItems_E: Tensor
}

/** How users and items read along a graph. */
export const readersOf = ({ products, toUsers_E, toItems_E }: BehaviorGraph): GraphReaders => ({
  ofItems: products(toUsers_E).times,
  ofUsers: products(toItems_E).transposed,
})

/** The graphs of all behaviors, the target's last, the target's edges as {@link symmetric} has them. */
export function graphsOf(layout: Offline, count: number) {
  const given = (at: number, name: string): Tensor =>
    input(`${nameOf(at)}.${name}`, layout[`${nameOf(at)}.${name}`]?.shape as readonly number[])
  const behaviors = Array.from(
    { length: count },
    (_, at): BehaviorGraph => ({
      products: edgeProducts(nameOf(at), layout),
      toUsers_E: given(at, values.ofUsers),
      toItems_E: given(at, values.ofItems),
    }),
  )
  const target = behaviors.at(-1) as BehaviorGraph
  return {
    behaviors,
    target: target.products,
    symmetric_E: given(count - 1, values.symmetric),
    /** The values of `symmetric_E`. */
    whole: layout[`${nameOf(count - 1)}.${values.symmetric}`]?.data as Float32Array,
  }
}

/** Bytes that the graphs and their file take, about. */
export function graphBytes(options: GraphOptions, { dataset, split }: Pick<OfflineSources, 'dataset' | 'split'>) {
  if (!split) return 0
  const { events } = dataset
  const count = split.trainEnd.reduce(
    (sum, end, user) => sum + (user > 0 ? end - (events.start[user] as number) : 0),
    0,
  )
  // Each edge is there twice, by its user and its item, with two numbers of 8 bytes, padded by a third.
  return (options.withoutAuxiliary ? 0.5 : 1) * count * ((4 / 3) * 2 * 16 * 2 + 3 * 4)
}
