/** @file The graphs of KMCLR: who met what by each behavior, and what each edge counts; of training events alone. */
import { itemsBy } from '../../../batches/extras/behavior-items.ts'
import type { BehaviorIndex } from '../../../dataset/schema.ts'
import { Bug } from '../../../errors.ts'
import { type EdgeProducts, edgeLayout, edgeProducts } from '../../../tensor/edge-product.ts'
import { input, type Tensor } from '../../../tensor/node.ts'
import type { Pattern } from '../../../tensor/sparse-product.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Offline, OfflineSources } from '../../contract/model.ts'
import type { Moved } from '../../contract/places.ts'
import { touchedItems } from '../../parts/co-occurrence.ts'
import { edgeValues, symmetric } from '../../parts/edge-values.ts'
import { laterGraph } from '../../parts/later-graph.ts'
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
export function meetingsBy(behavior: BehaviorIndex, data: Pick<OfflineSources, 'dataset' | 'split'>): Meetings {
  if (!data.split) throw new Bug('the graphs of KMCLR are made from a split of events')
  const itemsOf = Array.from({ length: data.split.trainEnd.length - 1 }, (_, at) =>
    [...itemsBy(behavior, at + 1, data)].sort((a, b) => a - b),
  )
  return touchedItems(itemsOf, data.dataset.catalog.ids.length - 1)
}

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

/** The graphs on a later dataset: what edges count stays, and who or what is new has none. */
export function laterLayout(made: Offline, { users, items }: Moved): Offline {
  const graphs = Object.keys(made).flatMap((name) => /^(graph\.\d+)\.forward\.0\.ids$/.exec(name)?.[1] ?? [])
  return Object.assign({ ...made }, ...graphs.map((name) => laterGraph(name, made, [users, items]))) as Offline
}

/** Graphs of a catalog whose log is not known: nobody met anything. */
export const noMeetings = ({ userCount, itemCount }: Pick<CatalogShape, 'userCount' | 'itemCount'>): Meetings =>
  touchedItems(Array(userCount).fill([]), itemCount)

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
