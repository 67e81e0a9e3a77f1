/** @file Runs of models that predict clicks. */
import type { TrainingData } from '../batches/kind.ts'
import { type ClickSamples, type ClickSplitConfig, clickSamples } from '../dataset/click-samples.ts'
import { Bug } from '../errors.ts'
import { clickShare } from '../evaluate/clicks.ts'
import { libraryBytes } from '../learn/memory.ts'
import { startOfNewItems } from '../learn/relaid.ts'
import { clickBytes } from '../learn/serving-memory.ts'
import { clickValidation, validatesClicks } from '../learn/validation.ts'
import { clickPredictor, predictionsOf } from '../rank/click-predictor.ts'
import { type Task, tellMemory, unsupported } from './task.ts'
import { learnTrained, openTrained } from './trained.ts'

function samplesOf({ samples }: TrainingData): ClickSamples {
  if (!samples) throw new Bug('a run of clicks was split into targets of the next item')
  return samples
}

/** See the file's header. */
export const clickTask: Task = {
  split: (dataset, settings, kept) => ({
    dataset,
    samples: clickSamples(dataset, settings as ClickSplitConfig, kept),
  }),
  validates: (data) => validatesClicks(samplesOf(data)),
  asked(data) {
    const samples = samplesOf(data)
    const { validation, test, ...columns } = samples
    return {
      candidates: 'as shown',
      negatives: false,
      tested: test.length,
      rows: [...validation, ...test],
      columns,
      clickShare: clickShare(samples),
    }
  },
  learn(request) {
    const samples = samplesOf(request.data)
    return learnTrained(request, (parts) => clickValidation({ ...parts, samples }))
  },
  async open(request) {
    const { folder, data } = request
    const samples = samplesOf(data)
    const trained = await openTrained(request)
    const { slug, model } = trained
    await tellMemory(request, async (users) => {
      const bytes = await clickBytes({ ...trained, samples }, users === 'many' ? samples.test : users)
      return libraryBytes + bytes
    })
    const predictor = clickPredictor({ ...trained, samples })
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
      mergesBehaviors: true,
      newItems: () => startOfNewItems(model, data),
      baked() {
        throw noRanking()
      },
      samples,
      predictor,
      measure: async (part, { counted }) =>
        samples[part].length > 0 ? predictionsOf({ model: slug, samples, predictor }, part, counted) : undefined,
      [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
    }
  },
}
