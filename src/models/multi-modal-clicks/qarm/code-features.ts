/** @file What a model reads of codes: their embeddings, those of the nearest items, and how many events share codes. */
import type { Impressions } from '../../../batches/impressions.ts'
import { equal, greater } from '../../../tensor/compare.ts'
import { mul } from '../../../tensor/elementwise.ts'
import { concat, split } from '../../../tensor/move.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { catalogOnce, itemsRead, type OfItems, readsCatalog } from '../../parts/catalog-once.ts'
import { type CategoricalFields, smallRows } from '../../parts/field-embeddings.ts'
import { meanOverHistory } from '../../parts/mean-over-history.ts'
import type { QarmConfig } from './config.ts'
import type { KnownNeighbors } from './neighbors.ts'
import type { ResidualCodes } from './residual-codes.ts'

/** Codes and their embeddings, as a batch reads them. */
export interface CodeReading {
  /** (6): [.., width] by indices of any shape. */
  readonly features: OfItems
  /** (8): [B, Q] for each of the vectors, side by side. */
  readonly shares: Tensor
}

/** What codes are read by. */
export interface CodeFeatures {
  /** Of the features, and of the shares. */
  readonly width: number
  readonly sharesWidth: number
  in(batch: Impressions): CodeReading
}

/** What is read. */
interface CodeParts {
  readonly codes: readonly ResidualCodes[]
  /** Undefined where none are asked for. */
  readonly neighbors: KnownNeighbors | undefined
  readonly fields: CategoricalFields
}

/** Parameters `code.NAME.LEVEL` [K + 1, E], levels from 1, and `code.neighbor` [item rows, E]. */
export function codeFeatures(
  catalog: CatalogShape,
  { codes, neighbors, fields }: CodeParts,
  { embeddingSize: width, levels, centers, neighbors: count, neighborPool }: QarmConfig,
): CodeFeatures {
  const each = Array.from({ length: levels }, () => 1)
  const books = codes.map(({ name, learned, served }) => ({
    learned,
    served,
    tables: each.map((_, level) => parameter(`code.${name}.${level + 1}`, [centers + 1, width], smallRows)),
  }))
  const ofNeighbors = neighbors && parameter('code.neighbor', [catalog.itemRows, width], smallRows)
  const ofCodes = (codes: Tensor, tables: readonly Tensor[]): readonly Tensor[] => {
    const columns = split(codes, -1, each)
    return tables.map((table, level) => {
      const column = columns[level] as Tensor
      return table.rows(column.reshape(column.shape.slice(0, -1)).cast('int64'))
    })
  }
  /** Items [.., k] -> [.., E], or [.., k E]. */
  const pooled = (items: Tensor, table: Tensor): Tensor => {
    const rows = fields.rows(items.cast('int64'))[0] as Tensor
    const there = greater(items, 0).cast('float32')
    const flat = [-1, count, width]
    if (neighborPool === 'concat')
      return mul(table.rows(rows), there.unsqueeze(-1)).reshape([...items.shape.slice(0, -1), count * width])
    const mean = meanOverHistory(table.rows(rows).reshape(flat), there.reshape([-1, count]))
    return mean.reshape([...items.shape.slice(0, -1), width])
  }
  return {
    width: codes.length * levels * width + (neighbors ? (neighborPool === 'concat' ? count : 1) * width : 0),
    sharesWidth: codes.length * levels,
    in(batch) {
      const known = books.map(({ learned, served, tables }) => ({ codes: batch.serving ? served : learned, tables }))
      const read = itemsRead(catalog, batch)?.cast('float32').unsqueeze(1)
      const of = (table: Tensor, ids?: Tensor): Tensor => (ids ? table.rows(ids) : read ? mul(table, read) : table)
      const features: OfItems = (ids) =>
        concat(
          [
            ...known.flatMap((book) => ofCodes(of(book.codes, ids), book.tables)),
            ...(neighbors && ofNeighbors ? [pooled(of(neighbors.known, ids), ofNeighbors)] : []),
          ],
          -1,
        )
      const shares = known.map((book) =>
        sharedPrefixes(book.codes.rows(batch.item_B), book.codes.rows(batch.history_HL), batch.mask_HL),
      )
      return { features: catalogOnce(readsCatalog(catalog, batch), features), shares: concat(shares, 1) }
    },
  }
}

/** For each level the share of events whose codes down to it are the candidate's, [B, Q]; no gradient. */
function sharedPrefixes(candidate_BQ: Tensor, event_HLQ: Tensor, mask_HL: Tensor): Tensor {
  const [rows, levels] = dims(candidate_BQ, 2)
  const [, length] = dims(mask_HL, 2)
  // An item without codes shares none.
  const target_B1Q = candidate_BQ.unsqueeze(1)
  const same_BLQ = mul(equal(event_HLQ, target_B1Q).cast('float32'), greater(target_B1Q, 0).cast('float32'))
  const prefixes: Tensor[] = []
  for (const level_BL1 of split(
    same_BLQ,
    -1,
    Array.from({ length: levels }, () => 1),
  )) {
    const before = prefixes.at(-1)
    prefixes.push(before ? mul(before, level_BL1) : level_BL1)
  }
  return meanOverHistory(concat(prefixes, -1), mask_HL.expand([rows, length]))
}
