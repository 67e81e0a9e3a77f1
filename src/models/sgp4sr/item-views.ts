/**
 * @file What the streams of SGP4SR read of the items: a graph's view of their embeddings (eq. 4), or projected vectors.
 */
import type { FeatureModality } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { addAll } from '../../tensor/elementwise.ts'
import type { Parameter, Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { sparseProduct } from '../../tensor/sparse-product.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import type { Offline } from '../contract/model.ts'
import { type Featured, presentModalities } from '../parts/modalities.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import type { Sgp4srConfig } from './config.ts'

/** A modality as a stream, or both of them fused into one (w/o MUL). */
export type ModalStream = FeatureModality | 'fused'

/**
 * The streams besides that of the id, each with its rho. The weights sum to 1.
 * @throws UserError when modalities are to be fused and there are not two
 */
export function modalStreams(
  { rho, withoutSeparation }: Pick<Sgp4srConfig, 'rho' | 'withoutSeparation'>,
  catalog: Featured,
): readonly { readonly name: ModalStream; readonly weight: number }[] {
  const [first, second] = presentModalities(catalog)
  if (withoutSeparation && !second) throw nothingToFuse(first)
  if (!first) return []
  if (!second) return [{ name: first, weight: 1 }]
  if (withoutSeparation) return [{ name: 'fused', weight: 1 }]
  return [
    { name: first, weight: rho },
    { name: second, weight: 1 - rho },
  ]
}

const nothingToFuse = (only: FeatureModality | undefined): UserError =>
  new UserError({
    where: 'sgp4sr.withoutSeparation',
    problem: 'unsupported',
    value: only === undefined ? 'items with neither pictures nor texts' : `items with ${nouns[only]} alone`,
    expected: 'pictures and texts to fuse',
    hint: 'without the option it is the model of the modalities that there are',
  })
/** Modalities in words. */
export const nouns = { image: 'pictures', text: 'texts' } as const

/** The view of a stream, [V + 1, D]; asked for once a stream. */
export type ItemViews = (stream: ModalStream | 'id') => Tensor

/** (4) X^m = A^m E^id */
export function graphViews(items_VD: Parameter, offline: Offline): ItemViews {
  return (stream) => sparseProduct(`graph.${stream}`, offline)(items_VD)
}

/** W/o CGC: E^id itself, and the projected vectors of a modality; parameters `image.*` and `text.*`. */
export function projectedViews(items_VD: Parameter, catalog: CatalogShape): ItemViews {
  const [, width] = dims(items_VD, 2)
  const projected = (modality: FeatureModality): Tensor =>
    projectedVectors(frozenVectors(modality, catalog), width, modality)()
  return (stream) => {
    if (stream === 'id') return items_VD
    return addAll((stream === 'fused' ? presentModalities(catalog) : [stream]).map(projected))
  }
}
