/** @file A catalog's shape with nothing in it but what is said, for tests and benches. */
import type { CatalogShape } from '../models/contract/catalog.ts'

/** Ids alone, one behavior, and what else is given. */
export function bareCatalog(sizes: Partial<CatalogShape> & Pick<CatalogShape, 'itemCount'>): CatalogShape {
  const { itemCount, userCount = 1 } = sizes
  return {
    userCount,
    behaviors: ['click'],
    target: 0,
    time: 'milliseconds',
    fields: {},
    userFields: {},
    numbers: [],
    itemNumbers: 0,
    userNumbers: 0,
    features: {},
    itemRows: itemCount + 1,
    userRows: userCount + 1,
    ...sizes,
  }
}
