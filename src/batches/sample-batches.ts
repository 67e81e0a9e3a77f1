/** @file The batches of an epoch of click samples, those with histories of like length together. */

import type { ClickSamples } from '../dataset/click-samples.ts'
import { randomStream } from '../random/stream.ts'
import { bucketLengths } from './lengths.ts'

/** Samples, by number, whose histories are padded or cut to one length. */
export interface SampleBatch {
  readonly length: number
  readonly samples: Int32Array
}

/** How an epoch's samples become batches. */
export interface SampleBatchSettings {
  readonly batchSize: number
  /** How many of a history's last events are read; 0 for none. */
  readonly maxLength: number
  readonly seed: number
  readonly epoch: number
}

/**
 * The training samples of one epoch: shuffled, packed by length, full but for the last of each length, batches
 * shuffled; fully determined by the seed and the epoch.
 */
export function sampleBatches(
  { columns, user, end, train }: ClickSamples,
  { batchSize, maxLength, seed, epoch }: SampleBatchSettings,
): SampleBatch[] {
  const stream = randomStream(seed, 'clicks', epoch)
  const lengths = bucketLengths(maxLength)
  const batches: SampleBatch[] = []
  const open = lengths.map(() => ({ samples: new Int32Array(batchSize), count: 0 }))
  const close = (index: number): void => {
    const { samples, count } = open[index] as (typeof open)[number]
    if (count > 0) batches.push({ length: lengths[index] as number, samples: samples.slice(0, count) })
  }
  for (const sample of stream.shuffle(train.slice())) {
    const events = (end[sample] as number) - (columns.start[user[sample] as number] as number)
    const fitting = lengths.findIndex((length) => events <= length)
    const index = fitting < 0 ? lengths.length - 1 : fitting
    const filling = open[index] as (typeof open)[number]
    filling.samples[filling.count++] = sample
    if (filling.count < batchSize) continue
    close(index)
    filling.count = 0
  }
  for (const index of lengths.keys()) close(index)
  const places = stream.shuffle(Int32Array.from(batches, (_, index) => index))
  return Array.from(places, (place) => batches[place] as SampleBatch)
}
