/** @file Learning to predict the next item: windows of training events, validated by NDCG@10 over the full catalog. */

import { type Bucket, bucketsOf, epochBatches, makeWindows, trainingWindows, type Window } from '../batches/windows.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { ndcgOf } from '../evaluate/evaluate.ts'
import { frozenInputs } from '../models/contract/frozen-inputs.ts'
import type { BatchShape, NextItemModel } from '../models/contract/model.ts'
import { batchRows, nextItemScorer } from '../rank/scorer.ts'
import type { TrainingConfig } from './config.ts'
import { servingBytes } from './memory.ts'
import type { Task } from './task.ts'

/** What {@link nextItemTask} is made of. */
export interface NextItemParts {
  readonly slug: string
  readonly model: NextItemModel
  readonly training: Pick<TrainingConfig, 'batchSize' | 'seed'>
  readonly dataset: Dataset
  readonly split: Split
}

/** The task of a next-item model. @throws UserError `empty` when nothing can be trained on */
export function nextItemTask({
  slug,
  model,
  training,
  dataset,
  split,
}: NextItemParts): Task<BatchShape, readonly Window[]> {
  const { seed, batchSize } = training
  const windows = trainingWindows(dataset.events, split, dataset.manifest.candidates, model.windows)
  if (windows.targetCount === 0) throw nothingToTrain(dataset, slug)
  const settings = { batchSize, lengths: bucketLengths(model.windows.maxLength), seed }
  const buckets = bucketsOf(windows, model.windows, settings)
  const shapes = new Map(buckets.map((bucket) => [bucket, shapeOf(bucket)]))
  const count = (value: number): string => value.toLocaleString('en-US')
  return {
    model,
    shapes: [...shapes.values()],
    frozen: frozenInputs(dataset, model),
    size: `${count(windows.targetCount)} targets in ${count(windows.rows.length)} windows`,
    metric: 'NDCG@10',
    batches: (epoch) =>
      epochBatches(windows, model.windows, buckets, settings, epoch).map((batch) => ({
        shape: shapes.get(batch.bucket) as BatchShape,
        make: () => makeWindows(windows, batch, model.windows, seed, epoch),
      })),
    targetsOf: (batch) => batch.reduce((sum, { targets }) => sum + targets.length, 0),
    validationBytes: () => validationBytes(model),
    async validator(parameters, runtime) {
      const scorer = await nextItemScorer({ slug, model, dataset, parameters, runtime })
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

/** Lengths that windows are padded to. */
function bucketLengths(maxLength: number): number[] {
  return [4, 8, 16, 32].filter((length) => length < maxLength).concat(maxLength)
}

const shapeOf = ({ rows, length, targets, targetsPerRow }: Bucket): BatchShape => ({
  rows,
  length,
  targets,
  targetsPerRow,
})

/** A batch of histories being encoded and scored. */
function validationBytes(model: NextItemModel): number {
  const served = model.serve({ rows: batchRows, length: model.windows.maxLength, targets: 0 })
  const table = model.table()
  return (
    servingBytes([served.user], [table, ...Object.values(model.prepared?.() ?? {})]) +
    2 * 4 * batchRows * (table.shape[0] as number)
  )
}

function nothingToTrain({ manifest, folder }: Dataset, slug: string): UserError {
  const { events, users } = manifest.counts
  return new UserError({
    where: folder,
    problem: 'empty',
    value: `${events} events of ${users} users hold nothing that ${slug} can learn to predict`,
    expected: `users with "${manifest.target}" events after earlier ones`,
    hint: 'check the behaviors and filters of prepare',
  })
}
