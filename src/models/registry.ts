/** @file Every model by its slug. */
import { unknownName } from '../errors.ts'
import type { FittedModel } from './baselines/general/fitted-model.ts'
import { itemKnn } from './baselines/general/item-knn.ts'
import { popularity } from './baselines/general/popularity.ts'
import { sasrecf } from './baselines/multimodal/sasrecf.ts'
import { bert4rec } from './baselines/sequential/bert4rec.ts'
import { gru4rec } from './baselines/sequential/gru4rec.ts'
import { m3bsr } from './m3bsr/m3bsr.ts'
import type { NextItemDefinition } from './model.ts'
import { sasrec } from './sasrec/sasrec.ts'
import { sgp4sr } from './sgp4sr/sgp4sr.ts'

/** A model of the registry: trained by gradients, or fitted by counting. */
export type ModelEntry = NextItemDefinition | FittedModel<unknown>

const models: readonly ModelEntry[] = [m3bsr, sgp4sr, sasrec, sasrecf, gru4rec, bert4rec, popularity, itemKnn]

/** The slugs of all models. */
export const modelSlugs: readonly string[] = models.map(({ slug }) => slug)

/** The model of a slug. @throws UserError `unknown`, with the nearest slug as a hint */
export function modelOf(slug: string): ModelEntry {
  const model = models.find((known) => known.slug === slug)
  if (!model) throw unknownName('model', slug, modelSlugs)
  return model
}

/** Whether the model is trained by gradients. */
export function isTrained(model: ModelEntry): model is NextItemDefinition {
  return 'build' in model
}
