/** @file The `retail-rocket` source: events.csv, a log of views, carts and transactions with times. */
import { mappedTables } from './mapped-tables.ts'
import { ownFile } from './own-files.ts'
import type { Source } from './source.ts'

/**
 * RetailRocket. A cart is `addtocart`, a buy `transaction`, the target. Most buys come after a view of their item, so
 * items are ranked until their user bought them. Properties of items are not read: they are hashed.
 */
export const retailRocket: Source = {
  about: 'RetailRocket: events.csv (timestamp, visitorid, event, itemid, transactionid)',
  read(request) {
    return mappedTables(request, {
      events: {
        files: ownFile(request, 'events.csv'),
        user: 'visitorid',
        item: 'itemid',
        time: 'timestamp',
        timeUnit: 'milliseconds',
        behavior: 'event',
      },
      noun: { one: 'product', many: 'products' },
      behaviors: ['view', { name: 'cart', from: 'addtocart' }, { name: 'buy', from: 'transaction' }],
      candidates: 'untargeted',
      // Most visitors came once and looked at one item.
      filters: { minimumEventsPerUser: 5 },
    })
  },
}
