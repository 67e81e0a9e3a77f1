/** @file What training is validated by: NDCG@10 over the full catalog for whoever ranks it, AUC for clicks. */
import { bucketLengths } from '../batches/lengths.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { ndcgOf } from '../evaluate/evaluate.ts'
import { auc } from '../metrics/auc.ts'
import { printedFigure, validationMetric } from '../metrics/table.ts'
import type { Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel } from '../models/contract/model.ts'
import { readUser } from '../models/contract/read-user.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import { candidatesAtOnce, clickPredictor } from '../rank/click-predictor.ts'
import { answeringEmpty } from '../rank/empty-histories.ts'
import { batchRows, nextItemScorer } from '../rank/scorer.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Tensor } from '../tensor/node.ts'
import { servingBytes } from './memory.ts'
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
  const { model, dataset, split, seed } = parts
  return {
    metric: printedFigure(validationMetric.ranks),
    measures: split.validation.length > 0,
    bytes() {
      const shape = { rows: batchRows, length: model.history.maxLength, targets: 0 }
      const { users, tables } = servedTensors(model, model.batches.declare(shape).batch)
      return servingBytes(users, tables) + 2 * 4 * batchRows * dataset.catalog.ids.length
    },
    async open(parameters, memory) {
      const scorer = answeringEmpty(await nextItemScorer({ ...parts, parameters, memory }), dataset, split)
      return {
        async validate() {
          await scorer.refresh()
          return ndcgOf(scorer, dataset, split, { part: 'validation', seed })
        },
        [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
      }
    },
  }
}

/** What is computed for a batch of users, and what once for all of them. */
function servedTensors({ score }: BuiltModel, batch: unknown): { users: readonly Tensor[]; tables: readonly Tensor[] } {
  if (score.kind === 'dot') return { users: [readUser(score, batch, servingPass).user], tables: [score.table] }
  if (score.kind === 'products') return { users: score.users(batch, servingPass), tables: score.tables }
  if (score.kind === 'pairs') return { users: [score.user(batch, servingPass)], tables: [] }
  return { users: [score.forward(batch, servingPass).logit_B], tables: [] }
}

/** AUC of the validation samples. */
export function clickValidation(parts: ValidationParts & { readonly samples: ClickSamples }): Validation {
  const { model, samples } = parts
  const labels = samples.validation.map((sample) => samples.label[sample] as number)
  return {
    metric: printedFigure(validationMetric.clicks),
    // AUC compares what was clicked with what was not.
    measures: new Set(labels).size === 2,
    bytes() {
      const length = bucketLengths(model.history.maxLength).at(-1) as number
      return servingBytes(
        servedTensors(model, model.batches.declare({ rows: candidatesAtOnce, length, targets: 0 }).batch).users,
      )
    },
    open(parameters, memory) {
      const predictor = clickPredictor({ ...parts, parameters, memory })
      return Promise.resolve({
        async validate() {
          await predictor.refresh()
          return auc(await predictor.samples(samples.validation), labels)
        },
        [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
      })
    },
  }
}
