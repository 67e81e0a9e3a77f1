/** @file Pictures and texts as a few numbers each (eq. 1 of MMSBR). */
import type { FeatureModality } from '../../../dataset/schema.ts'
import { normal } from '../../../nn/init.ts'
import { type Layer, linear } from '../../../nn/linear.ts'
import { parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { type FrozenVectors, frozenVectors } from '../../parts/projected-vectors.ts'

/** A modality's vectors of all items. */
export interface ProjectedContent {
  readonly modality: FeatureModality
  /** [V + 1, C] */
  readonly table: Tensor
  /** What makes such vectors of others of the same modality, [.., W] -> [.., C]. */
  readonly project: Layer
}

/** Where the vectors of the items that trained lie: their mean [W], and the mean square length around it [1]. */
export interface Middle {
  readonly mean_W: Tensor
  readonly square: Tensor
}

/** (1) of centered vectors; a learned one is added where an item has none. Parameters `NAME.{weight,bias,missing}`. */
export function projectedContent(
  modality: FeatureModality,
  components: number,
  catalog: CatalogShape,
  middle?: Middle,
): ProjectedContent {
  const frozen = frozenVectors(modality, catalog)
  const center = centering(middle ?? middleOf(frozen), components)
  const map = linear(modality, [dims(frozen.vectors, 2)[1], components])
  const missing = parameter(`${modality}.missing`, [1, components], normal())
  const has_V1 = frozen.present.unsqueeze(-1)
  const table = map(center(frozen.vectors).mul(has_V1)).add(has_V1.mul(-1).add(1).mul(missing))
  return { modality, table, project: (vectors) => map(center(vectors)) }
}

/**
 * x [.., W] -> (x - mean) c, by which the vectors of items that have one have mean 0 and a mean square length of C, as
 * C numbers of variance 1 would. Encoders give all items much in common, and vectors of any length.
 */
function centering({ mean_W, square }: Middle, components: number): Layer {
  const factor = square.add(1e-9).div(components).sqrt()
  return (x) => x.sub(mean_W).div(factor)
}

/** That of all vectors of the catalog. */
function middleOf({ vectors, present }: FrozenVectors): Middle {
  const count = present.sum().add(1e-9)
  // Rows of items that have none are zeros.
  const mean_W = vectors.sum([0]).div(count)
  return { mean_W, square: vectors.sub(mean_W).sumSquares().mul(present).sum().div(count) }
}
