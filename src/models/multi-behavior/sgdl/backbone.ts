/** @file What gives SGDL's users and items their vectors, and where a step of descent takes these, in closed form. */
import { normal } from '../../../nn/init.ts'
import { equal } from '../../../tensor/compare.ts'
import { add, addAll, mul, sub } from '../../../tensor/elementwise.ts'
import { cast, concat, unsqueeze } from '../../../tensor/move.ts'
import { parameter, type Tensor, withGradient } from '../../../tensor/node.ts'
import { rows } from '../../../tensor/rows.ts'
import { segmentSum } from '../../../tensor/segment-sum.ts'
import { type SparseProducts, sparseProducts } from '../../../tensor/sparse-product.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Offline } from '../../contract/model.ts'
import { lightGcn, type UserItemVectors } from '../../parts/light-gcn.ts'
import type { Config } from './config.ts'
import { graphName } from './pair-graph.ts'

/** Triples of a user, an item, and an item drawn beside it: int64 [B] each. */
export interface Triples {
  readonly user_B: Tensor
  readonly item_B: Tensor
  readonly other_B: Tensor
}
/** Their vectors, [B, D] each. */
export interface Vectors {
  readonly user_BD: Tensor
  readonly item_BD: Tensor
  readonly other_BD: Tensor
}

/** X of users and items. */
export interface Backbone extends UserItemVectors {
  /** (1) */
  read(triples: Triples): Vectors
  /**
   * (5) What triples would read after a step of plain descent on the loss of others.
   * @param push_B the step's length times each loss's weight times sigmoid(-d): how far its triple is pushed apart
   */
  descended(of: Triples, by: Triples, push_B: Tensor): Vectors
}

/** The backbone; parameters `user` and `item`. */
export function backboneOf(config: Config, { userCount, itemCount }: CatalogShape, made: Offline): Backbone {
  const init = normal(0.1)
  const tables: UserItemVectors = {
    users_UD: parameter('user', [userCount + 1, config.hiddenSize], init, { rows: 'users' }),
    items_VD: parameter('item', [itemCount + 1, config.hiddenSize], init, { rows: 'items' }),
  }
  const { vectors, moved } =
    config.backbone === 'mf' ? plain(tables) : propagated(tables, sparseProducts(graphName, made), config.layers)
  const read = reader(vectors)
  return {
    ...vectors,
    read,
    descended(of, by, push_B) {
      const [now, move] = [read(of), moved(of, by, pushed(read(by), push_B))]
      return {
        user_BD: add(now.user_BD, move.user_BD),
        item_BD: add(now.item_BD, move.item_BD),
        other_BD: add(now.other_BD, move.other_BD),
      }
    },
  }
}

/** (2) -dl/dX / sigmoid(-d), [B, D] each: where a loss pushes the vectors of its triple. */
const pushed = ({ user_BD, item_BD, other_BD }: Vectors, push_B: Tensor): Vectors => {
  const push_B1 = unsqueeze(push_B, 1)
  const item = mul(user_BD, push_B1)
  return { user_BD: mul(sub(item_BD, other_BD), push_B1), item_BD: item, other_BD: item.neg() }
}

const reader =
  ({ users_UD, items_VD }: UserItemVectors) =>
  ({ user_B, item_B, other_B }: Triples): Vectors => ({
    user_BD: users_UD.rows(user_B),
    item_BD: items_VD.rows(item_B),
    other_BD: items_VD.rows(other_B),
  })

/** What the tables are read as, and how far the vectors of triples move by what others push on theirs. */
interface Reading {
  readonly vectors: UserItemVectors
  readonly moved: (of: Triples, by: Triples, step: Vectors) => Vectors
}

/** Matrix factorization: a triple moves with those that share its user or an item. */
function plain(tables: UserItemVectors): Reading {
  /** 1 where a row of the first is a row of the second: [Bc, B]. */
  const same = (a: Tensor, b: Tensor): Tensor => cast(equal(unsqueeze(a, 1), unsqueeze(b, 0)), 'float32')
  return {
    vectors: tables,
    moved(of, by, step) {
      const ofItem = (item: Tensor): Tensor =>
        addAll([same(item, by.item_B).matmul(step.item_BD), same(item, by.other_B).matmul(step.other_BD)])
      return {
        user_BD: same(of.user_B, by.user_B).matmul(step.user_BD),
        item_BD: ofItem(of.item_B),
        other_BD: ofItem(of.other_B),
      }
    },
  }
}

/** LightGCN: X = M E with M the mean of the powers of A, which is symmetric; so a step on E moves X by M M of it. */
function propagated(tables: UserItemVectors, { times, transposed }: SparseProducts, layers: number): Reading {
  const propagate = (first: UserItemVectors): UserItemVectors =>
    lightGcn(first, { ofItems: times, ofUsers: transposed }, layers)
  return {
    vectors: propagate(tables),
    moved(of, by, { user_BD, item_BD, other_BD }) {
      const items_BD = concat([item_BD, other_BD], 0)
      const step: UserItemVectors = {
        users_UD: scattered(user_BD, by.user_B, tables.users_UD),
        items_VD: scattered(items_BD, concat([by.item_B, by.other_B], 0), tables.items_VD),
      }
      return reader(propagate(propagate(step)))(of)
    },
  }
}

/** Rows [B, D] summed by id into a table of zeros like another one. */
const scattered = (x_BD: Tensor, ids_B: Tensor, like: Tensor): Tensor =>
  withGradient(segmentSum(x_BD, ids_B, like.shape[0] as number), [x_BD], (g) => [rows(g, ids_B)])
