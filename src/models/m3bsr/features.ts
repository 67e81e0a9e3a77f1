/**
 * @file What M³BSR reads of an event: its id fields, picture and text as vectors of one width (eq. 3-5), and the item
 * table made of the same; by the paper's reading and by the joint one (R-M1, R-M13).
 */
import type { Modality } from '../../dataset/schema.ts'
import { normal } from '../../nn/init.ts'
import { type Layer, layerNorm, linear } from '../../nn/linear.ts'
import { add, addAll, relu } from '../../tensor/elementwise.ts'
import { concat, expand, reshape, unsqueeze } from '../../tensor/move.ts'
import { input, parameter, type RowsOf, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { type CatalogShape, catalogInput } from '../contract/catalog.ts'
import { itemFeatures } from '../parts/item-features.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import type { M3bsrConfig } from './config.ts'

/** The modalities of a catalog, the id first. */
export function modalitiesOf({ features }: CatalogShape): Modality[] {
  return ['id', ...(['image', 'text'] as const).filter((modality) => features[modality] !== undefined)]
}

/** Vectors of events, and of items. */
export interface Features {
  /** history [B, L], user [B] -> [B, L, D] for each modality of the catalog, in the order of `modalitiesOf`. */
  readonly events: (history: Tensor, user: Tensor) => Tensor[]
  /** The item table [V + 1, D], or its rows `ids` [M]. */
  readonly items: (ids?: Tensor) => Tensor
}

/** The scale at which an id is read at first; pictures and texts are read at 1. */
const idScale = 0.1

/**
 * The features of the joint reading: one row of each item is read and ranked, E_i + its fields + P_v v_i + P_t t_i. The
 * id stream is the normalized id and fields, and the user where `userField` says so; parameters `field.*`,
 * `id.norm.*`, `image.*`, `text.*`.
 */
export function tiedFeatures(
  { hiddenSize, userField }: Pick<M3bsrConfig, 'hiddenSize' | 'userField'>,
  catalog: CatalogShape,
): Features {
  const ids = parameter('field.item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
  const users = userField
    ? parameter('field.user', [catalog.userCount + 1, hiddenSize], normal(), { rows: 'users' })
    : undefined
  const fields = itemFeatures(catalog, hiddenSize, { modalities: [] })
  const modalities = itemFeatures(catalog, hiddenSize, { fields: [] })
  const idNorm = layerNorm('id.norm', hiddenSize, { scale: idScale })
  const norms = modalities.map(({ name }) => layerNorm(`${name}.norm`, hiddenSize))
  /** An item's id and fields. */
  const named = (items?: Tensor): Tensor =>
    addAll([items ? ids.rows(items) : ids, ...fields.map((field) => field.of(items))])
  return {
    events(history, user) {
      const own = named(history)
      const id = users ? add(own, unsqueeze(users.rows(user), 1)) : own
      return [idNorm(id), ...modalities.map((modality, at) => (norms[at] as Layer)(modality.of(history)))]
    },
    items: (items) => addAll([named(items), ...modalities.map((modality) => modality.of(items))]),
  }
}

/** Builds the features of the paper's reading; parameters `field.*`, `id.*`, `image.*`, `text.*`, `table.*`. */
export function features(
  {
    embeddingSize,
    hiddenSize,
    userField,
    residualId,
  }: Pick<M3bsrConfig, 'embeddingSize' | 'hiddenSize' | 'userField' | 'residualId'>,
  catalog: CatalogShape,
): Features {
  const embedding = (name: string, count: number, of: { readonly rows?: RowsOf } = {}) =>
    parameter(`field.${name}`, [count, embeddingSize], normal(), of)
  const items = embedding('item', catalog.itemCount + 1, { rows: 'items' })
  const users = userField ? embedding('user', catalog.userCount + 1, { rows: 'users' }) : undefined
  const fields = Object.entries(catalog.fields).map(([name, count]) => ({
    values: input(catalogInput.field(name), [catalog.itemCount + 1], 'int64'),
    embedded: embedding(name, count),
  }))
  const modalities = modalitiesOf(catalog).filter((modality) => modality !== 'id')
  const sources = modalities.map((modality) => frozenVectors(modality, catalog))
  const projections = sources.map((source) => projectedVectors(source, hiddenSize, source.modality))
  const tables = sources.map((source) => projectedVectors(source, hiddenSize, `table.${source.modality}`))
  // An embedding as wide as the table's rows is part of them as it is.
  const liftItem =
    embeddingSize === hiddenSize ? (x: Tensor) => x : linear('table.item', [embeddingSize, hiddenSize], { bias: false })
  const fieldCount = 1 + fields.length + (users ? 1 : 0)
  const inner = linear('id.inner', [fieldCount * embeddingSize, hiddenSize])
  const outer = linear('id.outer', [hiddenSize, hiddenSize])
  const norms: Layer[] = modalitiesOf(catalog).map((modality) => layerNorm(`${modality}.norm`, hiddenSize))

  return {
    events(history, user) {
      const [rows, length] = dims(history, 2)
      const item = items.rows(history)
      const parts = [item, ...fields.map(({ values, embedded }) => embedded.rows(values.rows(history)))]
      if (users) parts.push(expand(reshape(users.rows(user), [rows, 1, embeddingSize]), [rows, length, embeddingSize]))
      const lifted = outer(relu(inner(concat(parts, 2))))
      const id = residualId ? add(item, lifted) : lifted
      return [id, ...projections.map((project) => project(history))].map((x, index) => (norms[index] as Layer)(x))
    },
    items: (ids) => addAll([liftItem(ids ? items.rows(ids) : items), ...tables.map((project) => project(ids))]),
  }
}
