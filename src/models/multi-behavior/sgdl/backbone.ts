/** @file What gives SGDL's users and items their vectors, and where a step of descent takes these, in closed form. */
import { normal } from '../../../nn/init.ts'
import { equal } from '../../../tensor/compare.ts'
import { addAll, mul, sub } from '../../../tensor/elementwise.ts'
import { cast, concat, unsqueeze } from '../../../tensor/move.ts'
import { parameter, type Tensor, withGradient } from '../../../tensor/node.ts'
import { rows } from '../../../tensor/rows.ts'
import { segmentSum } from '../../../tensor/segment-sum.ts'
import { type SparseProducts, sparseProducts } from '../../../tensor/sparse-product.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import type { Offline } from '../../contract/model.ts'
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

/** Vectors of users and items. */
export interface Backbone {
  /** X of users [U + 1, D] and of items [V + 1, D]. */
  readonly users_UD: Tensor
  readonly items_VD: Tensor
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
  const tables: Tables = {
    users: parameter('user', [userCount + 1, config.hiddenSize], init, { rows: 'users' }),
    items: parameter('item', [itemCount + 1, config.hiddenSize], init, { rows: 'items' }),
  }
  return config.backbone === 'mf' ? plain(tables) : propagated(tables, sparseProducts(graphName, made), config.layers)
}

/** A row for each user, [U + 1, D], and each item, [V + 1, D]. */
interface Tables {
  readonly users: Tensor
  readonly items: Tensor
}

/** (2) -dl/dX / sigmoid(-d), [B, D] each: where a loss pushes the vectors of its triple. */
const pushed = ({ user_BD, item_BD, other_BD }: Vectors, push_B: Tensor): Vectors => {
  const push_B1 = unsqueeze(push_B, 1)
  const item = mul(user_BD, push_B1)
  return { user_BD: mul(sub(item_BD, other_BD), push_B1), item_BD: item, other_BD: item.neg() }
}

const reader =
  ({ users, items }: Tables) =>
  ({ user_B, item_B, other_B }: Triples): Vectors => ({
    user_BD: users.rows(user_B),
    item_BD: items.rows(item_B),
    other_BD: items.rows(other_B),
  })

/** Matrix factorization: a triple moves with those that share its user or an item. */
function plain(tables: Tables): Backbone {
  const read = reader(tables)
  return {
    users_UD: tables.users,
    items_VD: tables.items,
    read,
    descended(of, by, push_B) {
      const [now, step] = [read(of), pushed(read(by), push_B)]
      /** 1 where a row of the first is a row of the second: [Bc, B]. */
      const same = (a: Tensor, b: Tensor): Tensor => cast(equal(unsqueeze(a, 1), unsqueeze(b, 0)), 'float32')
      const moved = (item: Tensor): Tensor =>
        addAll([same(item, by.item_B).matmul(step.item_BD), same(item, by.other_B).matmul(step.other_BD)])
      return {
        user_BD: now.user_BD.add(same(of.user_B, by.user_B).matmul(step.user_BD)),
        item_BD: now.item_BD.add(moved(of.item_B)),
        other_BD: now.other_BD.add(moved(of.other_B)),
      }
    },
  }
}

/** LightGCN: X = M E with M the mean of the powers of A, which is symmetric; so a step on E moves X by M M of it. */
function propagated(tables: Tables, graph: SparseProducts, layers: number): Backbone {
  const propagate = (first: Tables): Tables => {
    let last = first
    const all = [first]
    for (let layer = 0; layer < layers; layer++) {
      last = { users: graph.times(last.items), items: graph.transposed(last.users) }
      all.push(last)
    }
    const mean = (of: (tables: Tables) => Tensor): Tensor => mul(addAll(all.map(of)), 1 / all.length)
    return { users: mean(({ users }) => users), items: mean(({ items }) => items) }
  }
  const vectors = propagate(tables)
  const read = reader(vectors)
  return {
    users_UD: vectors.users,
    items_VD: vectors.items,
    read,
    descended(of, by, push_B) {
      const step = pushed(read(by), push_B)
      const spread = {
        users: scattered(step.user_BD, by.user_B, tables.users),
        items: scattered(concat([step.item_BD, step.other_BD], 0), concat([by.item_B, by.other_B], 0), tables.items),
      }
      const [now, moved] = [read(of), reader(propagate(propagate(spread)))(of)]
      return {
        user_BD: now.user_BD.add(moved.user_BD),
        item_BD: now.item_BD.add(moved.item_BD),
        other_BD: now.other_BD.add(moved.other_BD),
      }
    },
  }
}

/** Rows [B, D] summed by id into a table of zeros like another one. */
const scattered = (x_BD: Tensor, ids_B: Tensor, like: Tensor): Tensor =>
  withGradient(segmentSum(x_BD, ids_B, like.shape[0] as number), [x_BD], (g) => [rows(g, ids_B)])
