/**
 * @file Frozen vectors of items projected to a model's width, a learned vector standing in for those an item lacks
 * (R-M1).
 */
import type { FeatureModality } from '../../dataset/schema.ts'
import { normal, xavier, zeros } from '../../nn/init.ts'
import { add, mul, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { reshape } from '../../tensor/move.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import { type CatalogShape, catalogInput } from '../contract/catalog.ts'

/** The inputs of one modality. */
export interface FrozenVectors {
  readonly modality: FeatureModality
  /** [V + 1, W] */
  readonly vectors: Tensor
  /** [V + 1] */
  readonly present: Tensor
}

/** Declares the inputs of one modality; once a model, since each name is one input. */
export function frozenVectors(modality: FeatureModality, { itemCount, features }: CatalogShape): FrozenVectors {
  const vectors = input(catalogInput.vectors(modality), [itemCount + 1, features[modality] as number])
  return { modality, vectors, present: input(catalogInput.present(modality), [itemCount + 1]) }
}

/**
 * ids of any shape [..] -> [.., width], or all items [V + 1, width] where no ids are given; parameters
 * `NAME.{weight,bias,missing}`.
 */
export function projectedVectors(
  { vectors, present }: FrozenVectors,
  width: number,
  name: string,
): (ids?: Tensor) => Tensor {
  const from = vectors.shape[1] as number
  const weight = parameter(`${name}.weight`, [from, width], xavier(from, width))
  const bias = parameter(`${name}.bias`, [width], zeros)
  const missing = parameter(`${name}.missing`, [1, width], normal())
  return (ids) => {
    const has = ids ? present.rows(ids) : present
    const lacks = reshape(sub(1, has), [...has.shape, 1])
    // A missing vector's row is zeros, so its projection is nothing but what is added here.
    return add(matmul(ids ? vectors.rows(ids) : vectors, weight), add(mul(lacks, missing), bias))
  }
}
