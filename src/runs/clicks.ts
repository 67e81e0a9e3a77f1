/** @file Runs of models that predict clicks. */
import type { TrainingData } from '../batches/kind.ts'
import { type ClickSamples, type ClickSplitConfig, clickSamples } from '../dataset/click-samples.ts'
import { Bug } from '../errors.ts'
import type { TrainingConfig } from '../learn/config.ts'
import { learnedOf } from '../learn/learned.ts'
import { trainModel } from '../learn/loop.ts'
import { clickValidation } from '../learn/validation.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { ModelDefinition } from '../models/contract/model.ts'
import { modelOf } from '../models/registry.ts'
import { clickPredictor, predictionsOf } from '../rank/click-predictor.ts'
import { builtModel } from './built-model.ts'
import { runtimeOf } from './next-item.ts'
import { type Task, unsupported } from './task.ts'

function samplesOf({ samples }: TrainingData): ClickSamples {
  if (!samples) throw new Bug('a run of clicks was split into targets of the next item')
  return samples
}

/** See the file's header. */
export const clickTask: Task = {
  split: (dataset, settings) => ({ dataset, samples: clickSamples(dataset, settings as ClickSplitConfig) }),
  asked(data) {
    const { validation, test, ...columns } = samplesOf(data)
    return {
      candidates: 'as shown',
      negatives: false,
      tested: test.length,
      rows: [...validation, ...test],
      columns,
    }
  },
  async learn({ run, data, out, fingerprint, resume, start, watching }) {
    const { model: slug } = run
    const samples = samplesOf(data)
    const runtime = runtimeOf(run)
    const model = await builtModel(modelOf(slug) as ModelDefinition, run, data, runtime)
    const { dataset } = data
    return trainModel({
      slug,
      model,
      data,
      frozen: catalogInputs(dataset, { vocabulary: samples.vocabulary, own: model.frozen ?? {} }),
      validation: clickValidation({ slug, model, dataset, samples, runtime }),
      training: run.training as TrainingConfig,
      runtime,
      folder: out,
      fingerprint,
      ...(resume && { resume }),
      ...(start && { start }),
      ...watching,
    })
  },
  async open(request) {
    const { folder, run, data } = request
    const { model: slug } = run
    const samples = samplesOf(data)
    const runtime = runtimeOf(run)
    const model = await builtModel(modelOf(slug) as ModelDefinition, run, data, runtime)
    const learned = learnedOf(model, request)
    const predictor = clickPredictor({ slug, model, dataset: data.dataset, samples, ...learned, runtime })
    const noRanking = () =>
      unsupported(
        folder,
        `${slug} predicts clicks`,
        'a model that ranks the next item',
        `see how good it is with siftrec evaluate ${folder}, and what it says of a user with siftrec explain ${folder}`,
      )
    return {
      get split(): never {
        throw noRanking()
      },
      get scorer(): never {
        throw noRanking()
      },
      maxLength: model.history.maxLength,
      samples,
      predictor,
      measure: async (part) =>
        samples[part].length > 0 ? predictionsOf({ model: slug, samples, predictor }, part) : undefined,
      [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
    }
  },
}
