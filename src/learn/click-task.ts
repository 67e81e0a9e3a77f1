/** @file Learning to predict clicks: labelled samples with their histories, validated by AUC. */
import { clickBatches, historyLengths, type ClickBatch as SampleBatch } from '../batches/click-batches.ts'
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset } from '../dataset/schema.ts'
import { auc } from '../metrics/auc.ts'
import { clickInputs } from '../models/contract/click-inputs.ts'
import type { ClickModel } from '../models/contract/click-model.ts'
import { clickFrozen, clickWords, fillHistory } from '../models/contract/impression-inputs.ts'
import type { InputBuffers, TrainingGraph } from '../models/contract/model.ts'
import { logLoss } from '../nn/log-loss.ts'
import { type Noise, noNoise } from '../nn/noise.ts'
import { clickPredictor } from '../rank/click-predictor.ts'
import { addAll, mul } from '../tensor/elementwise.ts'
import { input, type Parameter } from '../tensor/node.ts'
import type { TrainingConfig } from './config.ts'
import { servingBytes } from './memory.ts'
import { parametersOf } from './step.ts'
import type { Task } from './task.ts'

/** The sizes of a batch of samples, each with a history of its own. */
interface SampleShape {
  readonly rows: number
  readonly length: number
}

/** The parameters of a model of clicks. */
export function clickParameters(model: ClickModel): readonly Parameter[] {
  return parametersOf(
    { train: (shape: SampleShape, noise) => clickTrainingGraph(model, shape, noise) },
    { rows: 2, length: Math.max(1, model.maxLength) },
  )
}

/** What {@link clickTask} is made of. */
export interface ClickTaskParts {
  readonly model: ClickModel
  readonly training: Pick<TrainingConfig, 'batchSize' | 'seed'>
  readonly dataset: Dataset
  readonly samples: ClickSamples
}

/** The task of a model of clicks. */
export function clickTask({ model, training, dataset, samples }: ClickTaskParts): Task<SampleShape, SampleBatch> {
  const { batchSize, seed } = training
  const { maxLength } = model
  const rows = Math.min(batchSize, samples.train.length)
  const shapes = new Map(historyLengths(maxLength).map((length) => [length, { rows, length }]))
  const batchesOf = (epoch: number): readonly SampleBatch[] =>
    clickBatches(samples, { batchSize: rows, maxLength, seed, epoch })
  const lengths = new Set(batchesOf(0).map(({ length }) => length))
  return {
    model: {
      train: (shape: SampleShape, noise: Noise) => clickTrainingGraph(model, shape, noise),
      fill: (batch, shape, buffers) => fillSamples(samples, batch, shape, buffers),
    },
    shapes: [...shapes.values()].filter(({ length }) => lengths.has(length)),
    frozen: clickFrozen(dataset, samples.vocabulary),
    size: `${samples.train.length.toLocaleString('en-US')} samples`,
    metric: 'AUC',
    batches: (epoch) =>
      batchesOf(epoch).map((batch) => ({ shape: shapes.get(batch.length) as SampleShape, make: () => batch })),
    targetsOf: (batch) => batch.samples.length,
    validationBytes() {
      const { batch } = clickInputs({ rows: 1024, histories: 1024, length: historyLengths(maxLength).at(-1) as number })
      return servingBytes([model.forward(batch, noNoise).logit_B])
    },
    async validator(parameters, runtime) {
      const predictor = clickPredictor({ model, dataset, samples, parameters, runtime })
      const labels = samples.validation.map((sample) => samples.label[sample] as number)
      return {
        async validate() {
          predictor.refresh()
          const found = auc(await predictor.samples(samples.validation), labels)
          return Number.isNaN(found) ? 0 : found
        },
        [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
      }
    },
  }
}

/** The graph of one batch of samples: the log loss (eq. 18 of Diff-MSIN), and what the model adds to it. */
export function clickTrainingGraph(model: ClickModel, { rows, length }: SampleShape, noise: Noise): TrainingGraph {
  const { inputs, batch } = clickInputs({ rows, histories: rows, length })
  const [label_B, weight_B] = [input('label', [rows]), input('weight', [rows])]
  const { logit_B, losses } = model.forward(batch, noise)
  const main = logLoss(logit_B, label_B, weight_B)
  const others = Object.entries(losses?.(label_B, weight_B) ?? {})
  const loss = addAll([main, ...others.map(([, { weight, value }]) => mul(value, weight))])
  const parts =
    others.length > 0 ? { clicks: main, ...Object.fromEntries(others.map(([name, { value }]) => [name, value])) } : {}
  return { inputs: { ...inputs, label: label_B, weight: weight_B }, loss, parts }
}

function fillSamples(
  { columns, user, item, end, label }: ClickSamples,
  batch: SampleBatch,
  { rows, length }: SampleShape,
  buffers: InputBuffers,
): void {
  const count = batch.samples.length
  const words = clickWords(buffers)
  const place = { words, length }
  const [labels, weights] = [buffers['label'], buffers['weight']] as readonly [Float32Array, Float32Array]
  for (let row = 0; row < rows; row++) {
    // Rows beyond the samples repeat the first one and count nothing.
    const sample = batch.samples[row < count ? row : 0] as number
    const owner = user[sample] as number
    fillHistory(columns, { user: owner, begin: columns.start[owner] as number, end: end[sample] as number, row }, place)
    words.item[2 * row] = item[sample] as number
    labels[row] = label[sample] as number
    weights[row] = row < count ? 1 / count : 0
  }
}
