/** @file Every model by its slug. */
import { unknownName } from '../errors.ts'
import { din, dpn, eta, twin } from './backbones/alone.ts'
import { deepfm } from './baselines/ctr/deepfm.ts'
import { fm } from './baselines/ctr/fm.ts'
import { logisticRegression } from './baselines/ctr/logistic-regression.ts'
import { youtubeNet } from './baselines/ctr/youtube-net.ts'
import type { FittedModel } from './baselines/general/fitted-model.ts'
import { itemKnn } from './baselines/general/item-knn.ts'
import { popularity } from './baselines/general/popularity.ts'
import { sasrecf } from './baselines/multimodal/sasrecf.ts'
import { bert4rec } from './baselines/sequential/bert4rec.ts'
import { gru4rec } from './baselines/sequential/gru4rec.ts'
import type { ClickDefinition } from './click-model.ts'
import { diffMsin } from './diff-msin/diff-msin.ts'
import { m3bsr } from './m3bsr/m3bsr.ts'
import type { NextItemDefinition } from './model.ts'
import { sasrec } from './sasrec/sasrec.ts'
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
