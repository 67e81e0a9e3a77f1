/** @file MAKE's extractor: a DIN of contents in place of ids, with a network and a logit of its own. */
import type { Impressions } from '../../../batches/impressions.ts'
import { linear } from '../../../nn/linear.ts'
import { prelu } from '../../../nn/mlp.ts'
import { concat } from '../../../tensor/move.ts'
import type { Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { catalogOnce, readsCatalog } from '../../parts/catalog-once.ts'
import { type FrozenVectors, projectedVectors } from '../../parts/projected-vectors.ts'
import { eventReading } from '../event-reading.ts'
import type { MakeConfig } from './config.ts'

/** What the extractor says of a batch. */
export interface Extracted {
  /** [B, D] */
  readonly interest: Tensor
  /** [B, G] */
  readonly hidden: Tensor
  readonly logit_B: Tensor
  /** [B, L] */
  readonly attention: Tensor
}

/** The extractor. */
export interface Extractor {
  /** Of interest, hidden values and logit side by side. */
  readonly width: number
  read(batch: Impressions): Extracted
}

/** Before the names of all that the extractor learns. */
const name = 'extractor'
/** Whether a parameter is the extractor's. */
export const isExtractors = (parameter: string): boolean => parameter.startsWith(`${name}.`)

/** (4-6); parameters `extractor.{MODALITY,join,unit,behavior,hidden.N,logit}.*`. */
export function contentExtractor(
  catalog: CatalogShape,
  modalities: readonly FrozenVectors[],
  { modalitySize, extractorSize, attentionSize }: MakeConfig,
): Extractor {
  const projections = modalities.map((one) => projectedVectors(one, modalitySize, `${name}.${one.modality}`))
  const join = linear(`${name}.join`, [modalities.length * modalitySize, modalitySize])
  const reading = eventReading(catalog, [{ name, width: modalitySize }], {
    attentionSize,
    behavior: `${name}.behavior`,
  })
  const narrow = Math.max(1, extractorSize >> 1)
  const sizes = [2 * modalitySize, extractorSize, narrow] as const
  const layers = [0, 1].map((at) => ({
    affine: linear(`${name}.hidden.${at}`, [sizes[at] as number, sizes[at + 1] as number]),
    activate: prelu(`${name}.hidden.${at}`, sizes[at + 1] as number),
  }))
  const toLogit = linear(`${name}.logit`, [narrow, 1])
  return {
    width: modalitySize + narrow + 1,
    read(batch) {
      const content = catalogOnce(readsCatalog(catalog, batch), (ids) =>
        join(
          concat(
            projections.map((project) => project(ids)),
            -1,
          ),
        ),
      )
      const target = content(batch.item_B)
      const { interest, attention } = reading.read([content(batch.history_HL)], [target], batch)
      const hidden = layers.reduce((x, { affine, activate }) => activate(affine(x)), concat([interest, target], 1))
      return { interest, hidden, logit_B: toLogit(hidden).reshape([batch.rows]), attention }
    },
  }
}
