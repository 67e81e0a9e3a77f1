/** @file A scorer whose best items are found by an index of its item table. */
import type { History } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { bestKept } from '../rank/pass-sizes.ts'
import type { NextItemScorer } from '../rank/scorer.ts'
import { type Asked, breadthFor, buildProducts, catalogIndex } from './catalog-index.ts'
import { type KeptIndex, keptIndex } from './kept-index.ts'
import { productIndexes } from './usearch.ts'

/** The share of a user's ten best items that an index must find to be used, on average. */
const announcedRecall = 0.98
/** The share that its width of search is chosen for: those it is measured with are a sample. */
const wantedRecall = 0.99
const top = 10

/** What {@link indexedScorer} needs. */
export interface IndexParts {
  /** Where the index is kept. */
  readonly folder: string
  /** Some users' histories, by which it is measured what the index finds. */
  readonly histories: readonly History[]
  readonly threads: number
  /** Is told in lines what was made, and what the index finds. */
  readonly report: (line: string) => void
}

/**
 * The same scorer, which finds its best items by an index: a kept one, or one that is made now. Where an index finds
 * too few of them, which is measured when it is made, the scorer stays as it is.
 * @throws UserError `unsupported` for a model without one item table, `missing` without the library
 */
export async function indexedScorer(scorer: NextItemScorer, parts: IndexParts): Promise<NextItemScorer> {
  const { itemTable, vectors, slug } = scorer
  if (!itemTable || !vectors) throw notIndexed(slug, 'ranks by more than one product')
  const { folder, histories, threads, report } = parts
  const items = await itemTable()
  const indexes = await productIndexes()
  const count = scorer.itemCount.toLocaleString('en-US')
  const make = async (): Promise<KeptIndex> => {
    report(`index: making one of ${count} items, once`)
    const began = performance.now()
    const products = await buildProducts(indexes, items, threads)
    const tuned = breadthFor(catalogIndex(items, products), await askedOf(scorer, histories), wantedRecall)
    report(`index: made in ${Math.ceil((performance.now() - began) / 1000)} s`)
    return { products, ...tuned }
  }
  const { products, breadth, recall } = await keptIndex({ folder, indexes, items, make })
  const share = `${(100 * recall).toFixed(1)} % of a user's ${top} best items`
  if (recall < announcedRecall) {
    report(`index: finds ${share}, too few: exact search answers`)
    return scorer
  }
  report(`index: finds ${share}`)
  const index = catalogIndex(items, products, breadth)
  return {
    ...scorer,
    approximate: true,
    async best(asked, count = bestKept) {
      const all = await vectors(asked)
      const { width } = items
      return asked.map((_, row) => index.best(all.subarray(row * width, (row + 1) * width), count))
    },
  }
}

/** The exact best items of some histories, one at a time: all scores of several are much memory. */
async function askedOf(scorer: NextItemScorer, histories: readonly History[]): Promise<Asked[]> {
  const asked: Asked[] = []
  for (const history of histories) {
    const [vector, lists] = [await scorer.vectors?.([history]), await scorer.best?.([history])]
    if (vector && lists) asked.push({ vector, best: lists[0]?.slice(0, top) ?? [] })
  }
  return asked
}

/** Bytes that an index holds: the vector of each item, and its links, measured. */
export const indexBytes = (rows: number, width: number): number => rows * (4 * (width + 1) + 200)

/** For a run that cannot have an index. @param how how its model ranks */
export function notIndexed(slug: string, how: string): UserError {
  const value = `${slug}, which ${how}`
  const expected = 'a trained model whose scores are products with one item table, such as sasrec'
  return new UserError({ where: '--index', problem: 'unsupported', value, expected, hint: 'leave --index out' })
}
