/** @file Pictures and texts as a few numbers each (eq. 1 of MMSBR). */
import type { FeatureModality } from '../../../dataset/schema.ts'
import { normal } from '../../../nn/init.ts'
import { type Layer, linear } from '../../../nn/linear.ts'
import { input, parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { frozenVectors } from '../../parts/projected-vectors.ts'
import { made } from './offline.ts'

/** A modality's vectors of all items. */
export interface ProjectedContent {
  readonly modality: FeatureModality
  /** [V + 1, C] */
  readonly table: Tensor
  /** What makes such vectors of others of the same modality, [.., W] -> [.., C]. */
  readonly project: Layer
}

/** (1) of centered vectors; a learned one is added where an item has none. Parameters `NAME.{weight,bias,missing}`. */
export function projectedContent(
  modality: FeatureModality,
  components: number,
  catalog: CatalogShape,
): ProjectedContent {
  const { vectors, present } = frozenVectors(modality, catalog)
  const [, width] = dims(vectors, 2)
  const center = centering(modality, width, components)
  const map = linear(modality, [width, components])
  const missing = parameter(`${modality}.missing`, [1, components], normal())
  const has_V1 = present.unsqueeze(-1)
  const table = map(center(vectors).mul(has_V1)).add(has_V1.mul(-1).add(1).mul(missing))
  return { modality, table, project: (vectors) => map(center(vectors)) }
}

/**
 * x [.., W] -> (x - mean) c, by which the vectors of items that have one have mean 0 and a mean square length of C, as
 * C numbers of variance 1 would. Encoders give all items much in common, and vectors of any length.
 */
function centering(modality: FeatureModality, width: number, components: number): Layer {
  const [mean_W, square] = [input(made.mean(modality), [width]), input(made.square(modality), [1])]
  const factor = square.add(1e-9).div(components).sqrt()
  return (x) => x.sub(mean_W).div(factor)
}
