/** @file What training is validated by: NDCG@10 over the full catalog for whoever ranks it, AUC for clicks. */
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { ndcgOf } from '../evaluate/evaluate.ts'
import { auc } from '../metrics/auc.ts'
import { printedFigure, validationMetric } from '../metrics/table.ts'
import type { Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel } from '../models/contract/model.ts'
import { clickPredictor } from '../rank/click-predictor.ts'
import { nextItemScorer } from '../rank/scorer.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { clickBytes, rankingBytes } from './serving-memory.ts'
import type { Validation } from './training-run.ts'

/** What a validation is made of. */
export interface ValidationParts {
  readonly slug: string
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly vocabulary?: Vocabulary | undefined
  readonly runtime: Runtime
}

/** NDCG@10 of the validation targets over the full catalog; `seed` is that of the run. */
export function rankingValidation(
  parts: ValidationParts & { readonly split: Split; readonly seed: number },
): Validation {
  const { dataset, split, seed } = parts
  return {
    metric: printedFigure(validationMetric.ranks),
    bytes: (parameters, memory) =>
      split.validation.length > 0 ? rankingBytes({ ...parts, parameters, memory }) : Promise.resolve(0),
    async open(parameters, memory) {
      const scorer = await nextItemScorer({ ...parts, parameters, memory })
      return {
        async validate() {
          await scorer.refresh()
          return split.validation.length > 0 ? ndcgOf(scorer, dataset, split, { part: 'validation', seed }) : 0
        },
        [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
      }
    },
  }
}

/** AUC of the validation samples. */
export function clickValidation(parts: ValidationParts & { readonly samples: ClickSamples }): Validation {
  const { samples } = parts
  return {
    metric: printedFigure(validationMetric.clicks),
    bytes: (parameters, memory) => clickBytes({ ...parts, parameters, memory }, samples.validation),
    open(parameters, memory) {
      const predictor = clickPredictor({ ...parts, parameters, memory })
      const labels = samples.validation.map((sample) => samples.label[sample] as number)
      return Promise.resolve({
        async validate() {
          await predictor.refresh()
          const found = auc(await predictor.samples(samples.validation), labels)
          return Number.isNaN(found) ? 0 : found
        },
        [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
      })
    },
  }
}
