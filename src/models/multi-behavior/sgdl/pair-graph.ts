/** @file The graph of SGDL's training pairs, and how many there are: made once, from training events alone. */
import { type TrainingPairs, trainingPairs } from '../../../batches/pairs.ts'
import { Bug } from '../../../errors.ts'
import { type SparseMatrix, sparseLayout } from '../../../tensor/sparse-product.ts'
import type { ModelDefinition, Offline } from '../../contract/model.ts'
import { edgeValues, symmetric } from '../../parts/edge-values.ts'
import { laterGraph } from '../../parts/later-graph.ts'
import type { Config } from './config.ts'

/** Before the names of the graph's inputs. */
export const graphName = 'graph'
const countName = 'pairs.count'

/** The number of training pairs; 1 where no log is known. */
export const pairCount = (made: Offline | undefined): number => Number(made?.[countName]?.data[0] ?? 1)

/** What a run computes before training; the graph where the backbone reads it. */
export const offline: Required<ModelDefinition<Config>>['offline'] = {
  key: ({ pairs, backbone }) => ({ pairs, graph: backbone === 'lightgcn' }),
  // A layout has each pair twice, an id of 8 bytes and a weight of 4, padded by a third.
  bytes: ({ backbone }, { dataset }) => (backbone === 'mf' ? 0 : (8 + (4 / 3) * 2 * 12) * dataset.events.item.length),
  make({ pairs, backbone }, { dataset, split }) {
    if (!split) throw new Bug('the pairs of SGDL are made from a split of events')
    const found = trainingPairs(dataset, split, pairs)
    const sizes = { users: dataset.userIds.length, items: dataset.catalog.ids.length }
    const graph = backbone === 'mf' ? {} : sparseLayout(graphName, pairGraph(found, sizes))
    const count = { shape: [1], data: BigInt64Array.of(BigInt(found.user.length)) }
    return Promise.resolve({ ...graph, [countName]: count })
  },
  later({ backbone }, made, { users, items }) {
    if (backbone === 'mf') return { made }
    const graph = laterGraph(graphName, made, [users, items])
    return { made: { ...made, ...graph }, newItems: 'new items start as an average item that nobody has met' }
  },
}

/** A layout of no pairs: of a catalog whose log is not known. */
export const emptyGraph = (sizes: Sizes): Offline =>
  sparseLayout(graphName, pairGraph({ user: new Int32Array(0), item: new Int32Array(0) }, sizes))

/** Rows of the tables. */
interface Sizes {
  readonly users: number
  readonly items: number
}

/** 1 / sqrt(pairs of the user times pairs of the item) for each pair: [users, items]. */
function pairGraph({ user, item }: Pick<TrainingPairs, 'user' | 'item'>, { users, items }: Sizes): SparseMatrix {
  const start = new Int32Array(users + 1)
  for (const owner of user) start[owner + 1] = (start[owner + 1] as number) + 1
  for (let at = 0; at < users; at++) start[at + 1] = (start[at + 1] as number) + (start[at] as number)
  // Pairs come user by user already.
  const pattern = { rows: users, columns: items, start, column: item }
  return { ...pattern, value: edgeValues(pattern, symmetric).subarray(1) }
}
