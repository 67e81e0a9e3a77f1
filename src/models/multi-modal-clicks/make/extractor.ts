/** @file MAKE's extractor: a DIN of contents in place of ids, with a network and a logit of its own. */
import type { Impressions } from '../../../batches/impressions.ts'
import { type Layer, linear } from '../../../nn/linear.ts'
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
  /** g' and g: [B, 2 G] and [B, G]. */
  readonly hidden: readonly [Tensor, Tensor]
  readonly logit_B: Tensor
  /** [B, L] */
  readonly attention: Tensor
}

/** The extractor. */
export interface Extractor {
  /** Of the interest, and of the hidden values. */
  readonly width: number
  readonly hiddenWidths: readonly [number, number]
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
  const half = Math.max(1, extractorSize >> 1)
  const wide = hiddenLayer(`${name}.hidden.0`, 2 * modalitySize, extractorSize)
  const narrow = hiddenLayer(`${name}.hidden.1`, extractorSize, half)
  const toLogit = linear(`${name}.logit`, [half, 1])
  return {
    width: modalitySize,
    hiddenWidths: [extractorSize, half],
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
      const first = wide(concat([interest, target], 1))
      const last = narrow(first)
      return { interest, hidden: [first, last], logit_B: toLogit(last).reshape([batch.rows]), attention }
    },
  }
}

/** prelu(x W + b); parameters `NAME.{weight,bias,slope}`. */
function hiddenLayer(name: string, from: number, to: number): Layer {
  const [affine, activate] = [linear(name, [from, to]), prelu(name, to)]
  return (x) => activate(affine(x))
}
