/** @file The `rec-tmall` source: Tmall's recommendation log (click, collect, cart, alipay) and product table. */

import type { MappingInput } from '../mapping.ts'
import { mappedTables } from './mapped-tables.ts'
import { layoutOf, needOwnFiles } from './own-files.ts'
import type { Source } from './source.ts'

const logColumns = ['item_id', 'user_id', 'action', 'vtime']
const productColumns = ['item_id', 'title', 'pict_url', 'category', 'brand_id', 'seller_id']

/**
 * Rec-Tmall. Favorites are predicted from clicks, as in M³BSR's paper; with the target `buy`, purchases from all four
 * actions. Pictures, if there is a folder, are named by item_id.
 */
export const recTmall: Source = {
  about:
    'Rec-Tmall: rec_tmall_log (item_id, user_id, action, vtime), rec_tmall_product (item_id, title, pict_url, category, brand_id, seller_id)',
  async read(request) {
    const events = needOwnFiles(request, /rec_tmall_log.*\.(csv|tsv|txt)(\.gz)?$/, 'rec_tmall_log.csv')
    const items = needOwnFiles(request, /rec_tmall_product.*\.(csv|tsv|txt)(\.gz)?$/, 'rec_tmall_product.csv')
    return mappedTables(request, {
      events: {
        files: events,
        ...(await layoutOf(events[0] as string, logColumns)),
        user: 'user_id',
        item: 'item_id',
        time: 'vtime',
        behavior: 'action',
      },
      ...(request.mapping.behaviors ? {} : behaviorsFor(request.mapping.target)),
      items: {
        files: items,
        ...(await layoutOf(items[0] as string, productColumns)),
        id: 'item_id',
        title: 'title',
        fields: { category: 'category', brand: 'brand_id', seller: 'seller_id' },
      },
    })
  },
}

/** The behaviors up to the one that is predicted. */
function behaviorsFor(target = 'favorite'): Pick<MappingInput, 'behaviors' | 'ignoredBehaviors'> {
  const favorite = { name: 'favorite', from: 'collect' }
  if (target === 'favorite' || target === 'click')
    return { behaviors: ['click', favorite], ignoredBehaviors: ['cart', 'alipay'] }
  return { behaviors: ['click', favorite, 'cart', { name: 'buy', from: 'alipay' }] }
}
