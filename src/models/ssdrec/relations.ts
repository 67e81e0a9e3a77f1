/** @file Items and users as the relation graphs have them (eq. 1-3 of SSDRec). */
import { uniform, xavier, zeros } from '../../nn/init.ts'
import type { Noise } from '../../nn/noise.ts'
import { concat, split, stack } from '../../tensor/move.ts'
import { input, type Parameter, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { sparseProduct } from '../../tensor/sparse-product.ts'
import type { Offline } from '../contract/model.ts'
import { leakyRelu } from '../parts/leaky-relu.ts'
import type { SsdrecConfig } from './config.ts'
import { itemGraphs } from './graphs.ts'

/** The tables that graphs are applied to. */
export interface Tables {
  /** E [V + 1, D] */
  readonly items_VD: Parameter
  /** U [U + 1, D] */
  readonly users_UD: Parameter
}

/** What is read of items and users. */
export interface Relations {
  /** I~ [V + 1, D] */
  items(noise: Noise): Tensor
  /** U~ of some users [B] -> [B, D], known by {@link userRows}. */
  users(user_B: Tensor, noise: Noise): Tensor
}

/** W/o graphs: E and U themselves. */
export function plainRelations({ items_VD, users_UD }: Tables): Relations {
  return { items: () => items_VD, users: (user_B, noise) => userRows(users_UD, user_B, noise) }
}

/** The graphs; parameters `graph.{items,users}.*`. @param graphs as `graphLayout` lays them out */
export function graphRelations(tables: Tables, graphs: Offline, config: SsdrecConfig): Relations {
  const { items_VD, users_UD } = tables
  const { hiddenSize: width } = config
  const [earlier, later, incompatible, readers] = itemGraphs.map((name) => sparseProduct(`items.${name}`, graphs)) as [
    Product,
    Product,
    Product,
    Product,
  ]
  const touched = sparseProduct('users.items', graphs)
  const [similar, incompatibleUsers] = [neighbors('users.similar', graphs), neighbors('users.incompatible', graphs)]
  const square = (name: string): Parameter => parameter(name, [width, width], xavier(width, width))
  const [toEarlier, toLater] = [square('graph.items.earlier'), square('graph.items.later')]
  const [mixItems, mixUsers] = [mixed('graph.items.mix', config), mixed('graph.users.mix', config)]
  const [gatherItems, gatherUsers] = [gathered('graph.items', width), gathered('graph.users', width)]
  return {
    // (2-3)
    items(noise) {
      const [before_VD, after_VD] = [earlier(items_VD), later(items_VD)]
      const weigh = (side_VD: Tensor, weight: Parameter): Tensor =>
        leakyRelu(items_VD.mul(side_VD).matmul(weight))
          .sum([1])
          .mul(1 / Math.sqrt(width))
      const shares = stack([weigh(before_VD, toEarlier), weigh(after_VD, toLater)], 1).softmax()
      const [ofBefore, ofAfter] = split(shares, 1, [1, 1]) as [Tensor, Tensor]
      const near_VD = before_VD.mul(ofBefore).add(after_VD.mul(ofAfter))
      const [positive, negative] = [near_VD, incompatible(items_VD)].map((side) => mixItems(side, items_VD, noise))
      return gatherItems(readers(users_UD), positive as Tensor, negative as Tensor)
    },
    // (1, 3)
    users(user_B, noise) {
      const table_UD = tableOf(users_UD, noise.training)
      const own_BD = table_UD.rows(user_B)
      const [positive, negative] = [similar, incompatibleUsers].map((near) =>
        mixUsers(near(table_UD, user_B), own_BD, noise),
      )
      return gatherUsers(touched(items_VD).rows(user_B), positive as Tensor, negative as Tensor)
    },
  }
}

type Product = ReturnType<typeof sparseProduct>

/** Rows of U [B, D]; user 0, whom training does not know, is the average of those it knows. */
export const userRows = (users_UD: Parameter, user_B: Tensor, { training }: Pick<Noise, 'training'>): Tensor =>
  tableOf(users_UD, training).rows(user_B)

/** U, in whose row 0 stands the average user when serving; nobody is user 0 in training. */
function tableOf(users_UD: Parameter, training: boolean): Tensor {
  const [rows] = dims(users_UD, 2)
  if (training || rows === 1) return users_UD
  const known = users_UD.slice(0, 1, rows)
  return concat([known.mean([0], { keep: true }), known], 0)
}

/** The average of the neighbors of some rows: table [R, D], rows [B] -> [B, D]. */
function neighbors(name: string, graphs: Offline): (table: Tensor, rows_B: Tensor) => Tensor {
  const [ids, weights] = ['ids', 'weights'].map((part) => graphs[`${name}.${part}`]?.shape as [number, number])
  const ids_RN = input(`${name}.ids`, ids as [number, number], 'int64')
  const weights_RN = input(`${name}.weights`, weights as [number, number])
  return (table, rows_B) => {
    const near_BND = table.rows(ids_RN.rows(rows_B))
    const [rows, count, width] = dims(near_BND, 3)
    return weights_RN.rows(rows_B).reshape([rows, 1, count]).matmul(near_BND).reshape([rows, width])
  }
}

/** drop(w_0 n + w_1 e + b), n a neighbor average and e the vector itself; parameters `NAME.{weight,bias}`. */
function mixed(name: string, { dropout }: SsdrecConfig) {
  const weight = parameter(`${name}.weight`, [2], uniform(Math.SQRT1_2))
  const bias = parameter(`${name}.bias`, [1], zeros)
  return (near: Tensor, own: Tensor, noise: Noise): Tensor => {
    const [ofNear, ofOwn] = split(weight, 0, [1, 1]) as [Tensor, Tensor]
    return noise.dropout(near.mul(ofNear).add(own.mul(ofOwn)).add(bias), dropout)
  }
}

/** (3) Parameters `NAME.both` [2D, D], `NAME.inner` and `NAME.outer` [D, D]. */
function gathered(name: string, width: number) {
  const both = parameter(`${name}.both`, [2 * width, width], xavier(2 * width, width))
  const [inner, outer] = ['inner', 'outer'].map((part) =>
    parameter(`${name}.${part}`, [width, width], xavier(width, width)),
  ) as [Parameter, Parameter]
  return (crossed: Tensor, positive: Tensor, negative: Tensor): Tensor => {
    const sides = concat([crossed, positive.add(negative).mul(0.5)], 1)
    return sides.matmul(both).matmul(inner).sigmoid().matmul(outer)
  }
}
