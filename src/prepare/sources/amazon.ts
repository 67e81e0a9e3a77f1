/** @file The `amazon` source: reviews and product metadata as JSON lines, with the column names of any edition. */
import { openFiles } from './log-files.ts'
import { mappedTables } from './mapped-tables.ts'
import { needOwnFiles, ownFiles } from './own-files.ts'
import type { Source } from './source.ts'

const describing = ['brand', 'store', 'category', 'categories', 'main_category']

/**
 * Amazon reviews. Each is an event of one behavior, `review`; a mapping can name others by `when`, e.g. `overall >= 4`.
 */
export const amazon: Source = {
  about:
    'Amazon reviews: NAME.json (reviewerID, asin, unixReviewTime, or user_id, parent_asin, timestamp), meta_NAME.json (asin, title, brand, ...)',
  async read(request) {
    const events = needOwnFiles(request, /^(?!meta).*\.jsonl?(\.gz)?$/, 'reviews_NAME.json')
    const items = ownFiles(request, /^meta.*\.jsonl?(\.gz)?$/)
    const columns =
      items.length > 0 ? (await openFiles(request.db, items, { format: 'jsonl' })).columns : new Map<string, string>()
    return mappedTables(request, {
      events: { files: events, format: 'jsonl' },
      behaviors: ['review'],
      // The 2018 metadata repeats some products word for word. Most reviewers wrote one review only, so it is the
      // custom to keep those with five, and no surprise that few are left.
      filters: { duplicateItems: 'first', minimumEventsPerUser: 5 },
      ...(items.length > 0
        ? {
            items: {
              files: items,
              format: 'jsonl',
              title: 'title',
              text: describing.filter((name) => columns.has(name)),
            },
          }
        : {}),
    })
  },
}
