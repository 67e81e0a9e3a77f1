/** @file Every model by its slug. */
import { unknownName } from '../errors.ts'
import { din, dpn, eta, twin } from './clicks/backbone-models.ts'
import { deepfm } from './clicks/deepfm.ts'
import { fm } from './clicks/fm.ts'
import { logisticRegression } from './clicks/lr.ts'
import { youtubeNet } from './clicks/youtube-net.ts'
import type { ClickDefinition } from './contract/click-model.ts'
import type { FittedModel } from './contract/fitted-model.ts'
import type { NextItemDefinition } from './contract/model.ts'
import { itemKnn } from './counting/item-knn.ts'
import { popularity } from './counting/popularity.ts'
import { diffMsin } from './diff-msin/diff-msin.ts'
import { m3bsr } from './m3bsr/m3bsr.ts'
import { sasrecf } from './multi-modal/sasrecf.ts'
import { bert4rec } from './sequential/bert4rec.ts'
import { gru4rec } from './sequential/gru4rec.ts'
import { sasrec } from './sequential/sasrec.ts'
import { sgp4sr } from './sgp4sr/sgp4sr.ts'

/** A model of the registry: trained by gradients to predict the next item or clicks, or fitted by counting. */
export type ModelEntry = NextItemDefinition | ClickDefinition | FittedModel<unknown>

const models: readonly ModelEntry[] = [
  m3bsr,
  sgp4sr,
  sasrec,
  sasrecf,
  gru4rec,
  bert4rec,
  popularity,
  itemKnn,
  diffMsin,
  din,
  dpn,
  eta,
  twin,
  logisticRegression,
  fm,
  deepfm,
  youtubeNet,
]

/** The slugs of all models. */
export const modelSlugs: readonly string[] = models.map(({ slug }) => slug)

/** The model of a slug. @throws UserError `unknown`, with the nearest slug as a hint */
export function modelOf(slug: string): ModelEntry {
  const model = models.find((known) => known.slug === slug)
  if (!model) throw unknownName('model', slug, modelSlugs)
  return model
}

/** Whether the model is trained by gradients. */
export function isTrained(model: ModelEntry): model is NextItemDefinition | ClickDefinition {
  return 'build' in model
}

/** Whether the model predicts clicks; the others rank the next item. */
export function predictsClicks(model: ModelEntry): model is ClickDefinition {
  return isTrained(model) && model.task === 'click'
}

/** What a model's training is stopped by and its options are chosen by. */
export function validationMetric(slug: string): 'AUC' | 'NDCG@10' {
  return predictsClicks(modelOf(slug)) ? 'AUC' : 'NDCG@10'
}
