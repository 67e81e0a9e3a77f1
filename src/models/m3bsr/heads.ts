/** @file How a user's vector meets items (eq. 23): by their own features, or by a free vector and bias each. */
import { normal } from '../../nn/init.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import type { DotScore } from '../contract/model.ts'
import { onesBeside } from '../parts/ones-beside.ts'
import type { M3bsrConfig } from './config.ts'
import type { Features } from './features.ts'

/** What scores items: their table, and what a user's vector [P, D] becomes to meet its rows. */
export interface Head {
  readonly table: Pick<DotScore, 'table' | 'tableRows' | 'bias'>
  readonly user: (user_PD: Tensor) => Tensor
}

/** Items are scored by their own features (R-M13). */
export const tiedHead = ({ items }: Pick<Features, 'items'>): Head => ({
  table: { table: items(), tableRows: items },
  user: (user_PD) => user_PD,
})

/** Items are scored by a learned vector and bias each; parameter `item`, its last column the bias. */
export function freeHead(
  { hiddenSize }: Pick<M3bsrConfig, 'hiddenSize'>,
  { itemCount }: Pick<CatalogShape, 'itemCount'>,
): Head {
  return {
    table: { table: parameter('item', [itemCount + 1, hiddenSize + 1], normal(), { rows: 'items' }), bias: true },
    user: (user_PD) => concat([user_PD, onesBeside(user_PD)], 1),
  }
}
