/**
 * @file Samples of clicks by a planted rule: random users, histories and candidates, and labels that anybody can check.
 */
import type { BatchShape, InputBuffers } from '../../batches/kind.ts'
import type { BuiltModel } from '../../models/contract/model.ts'
import { type RandomStream, randomStream } from '../../random/stream.ts'
import { sizeOf, type Tensor } from '../../tensor/node.ts'
import { categories, categoryOf, items, users } from './shop.ts'

/** The inputs that training alone has. */
export const [labelInput, weightInput] = ['batch.label', 'batch.weight']

/** One sample; a behavior is 0 or 1. */
export interface Sample {
  readonly user: number
  readonly item: number
  readonly history: readonly number[]
  readonly behavior: readonly number[]
  readonly label: number
}

/**
 * What makes a click: a category that occurs in the history, or, for models that cannot say so, categories that
 * everybody likes.
 */
export const rules = {
  interest: (item: number, history: readonly number[]): boolean =>
    history.some((event) => categoryOf(event) === categoryOf(item)),
  appeal: (item: number): boolean => categoryOf(item) <= categories / 2,
} as const
/** See {@link rules}. */
export type Rule = keyof typeof rules

/** Samples with histories of 2 to 6 events, of one or two categories. */
export function plantedSamples(count: number, rule: Rule, seed: number): Sample[] {
  const stream = randomStream(seed, 'planted')
  return Array.from({ length: count }, () => {
    const liked = [stream.integer(categories), stream.integer(categories)]
    const history = Array.from({ length: 2 + stream.integer(5) }, () =>
      itemOf(1 + (liked[stream.integer(2)] as number), stream),
    )
    const item = 1 + stream.integer(items - 1)
    return {
      user: stream.integer(users + 1),
      item,
      history,
      behavior: history.map(() => stream.integer(2)),
      label: rules[rule](item, history) ? 1 : 0,
    }
  })
}

/** Any item of a category. */
function itemOf(category: number, stream: RandomStream): number {
  const all = Array.from({ length: items }, (_, at) => at + 1).filter((item) => categoryOf(item) === category)
  return all[stream.integer(all.length)] as number
}

/** Buffers of a batch's inputs, empty. */
export function buffersOf(inputs: Readonly<Record<string, Tensor>>): InputBuffers {
  const each = Object.entries(inputs).map(([name, { dtype, shape }]) => {
    const size = sizeOf(shape)
    return [name, dtype === 'int64' ? new BigInt64Array(size) : new Float32Array(size)] as const
  })
  return Object.fromEntries(each)
}

/** A batch to fill: its buffers have as many rows as the shape says. */
interface Batch {
  readonly model: BuiltModel
  readonly shape: BatchShape
  readonly buffers: InputBuffers
}

/**
 * Fills a batch with samples: all their histories, or, where the batch has one, that of the first. Each sample counts
 * alike. The model's own kind of batch writes each row, as it does for a user with one candidate.
 */
export function fillSamples(samples: readonly Sample[], { model, shape, buffers }: Batch): void {
  const { histories = shape.rows } = shape
  const asked = (sample: Sample, candidates: readonly number[]) => {
    const { user, history, behavior } = sample
    return { history: { user, item: history, behavior }, candidates } as never
  }
  if (histories === 1) {
    const [first] = samples as readonly [Sample]
    const candidates = samples.map(({ item }) => item)
    model.batches.fill(asked(first, candidates), shape, buffers)
  } else {
    for (const [row, sample] of samples.entries()) {
      const ofRow = Object.entries(buffers).map(([name, buffer]) => {
        const width = buffer.length / shape.rows
        return [name, buffer.subarray(row * width, (row + 1) * width)] as const
      })
      model.batches.fill(asked(sample, [sample.item]), { ...shape, rows: 1, histories: 1 }, Object.fromEntries(ofRow))
    }
  }
  const [labels, weights] = [buffers[labelInput], buffers[weightInput]]
  for (const [row, { label }] of samples.entries()) {
    if (labels) labels[row] = label
    if (weights) weights[row] = 1 / samples.length
  }
}
