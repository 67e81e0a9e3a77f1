/** @file Runs of models that predict clicks. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import { notIndexed } from '../catalog-index/indexed-scorer.ts'
import { type ClickSamples, type ClickSplitConfig, clickSamples } from '../dataset/click-samples.ts'
import { Bug } from '../errors.ts'
import { clickShare, type Predictions } from '../evaluate/clicks.ts'
import { runFiles } from '../learn/loop.ts'
import { libraryBytes } from '../learn/memory.ts'
import { clickBytes } from '../learn/serving-memory.ts'
import { clickValidation, validatesClicks } from '../learn/validation.ts'
import { calibrated, calibratedPredictor } from '../rank/calibrator.ts'
import { clickPredictor, predictionsOf } from '../rank/click-predictor.ts'
import { readSafetensors } from '../storage/safetensors.ts'
import { readCalibration, writeCalibration } from './calibration.ts'
import { type LearnRequest, type Task, tellMemory, unsupported } from './task.ts'
import { learnTrained, openTrained } from './trained.ts'

function samplesOf({ samples }: TrainingData): ClickSamples {
  if (!samples) throw new Bug('a run of clicks was split into targets of the next item')
  return samples
}

/** What the best parameters of a training say of its validation samples. */
async function bestPredictions({ out, run, data }: LearnRequest, samples: ClickSamples): Promise<Predictions> {
  const path = join(out, runFiles.model)
  const trained = await openTrained({ folder: out, run, data, path, tensors: readSafetensors(path).tensors })
  await using predictor = clickPredictor({ ...trained, samples })
  return predictionsOf({ model: trained.slug, samples, predictor }, 'validation')
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
  async learn(request) {
    const samples = samplesOf(request.data)
    const { out, run, watching } = request
    const { ranks } = watching
    const isFirst = ranks === undefined || ranks.rank === 0
    // One of an earlier epoch would be wrong for a model that is trained on.
    if (isFirst) rmSync(join(out, runFiles.calibration), { force: true })
    const result = await learnTrained(request, (parts) => clickValidation({ ...parts, samples, ranks }))
    if (isFirst && result.status === 'finished' && validatesClicks(samples))
      await writeCalibration(out, run, await bestPredictions(request, samples))
    return result
  },
  async open(request) {
    const { folder, data } = request
    if (request.index) throw notIndexed(request.run.model, 'predicts clicks')
    const samples = samplesOf(data)
    const trained = await openTrained(request)
    const { slug, model } = trained
    await tellMemory(request, async (users) => {
      const bytes = await clickBytes({ ...trained, samples }, users === 'many' ? samples.test : users)
      return libraryBytes + bytes
    })
    const own = clickPredictor({ ...trained, samples })
    const calibrator = readCalibration(folder, request.run)
    const predictor = calibrator ? calibratedPredictor(own, calibrator) : own
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
      newItems: trained.newItems,
      baked() {
        throw noRanking()
      },
      samples,
      predictor,
      async measure(part, { counted }) {
        if (samples[part].length === 0) return undefined
        const predictions = await predictionsOf({ model: slug, samples, predictor: own }, part, counted)
        return calibrator
          ? { ...predictions, calibrated: calibrated(calibrator, predictions.probability) }
          : predictions
      },
      [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
    }
  },
}
