/** @file Samples of clicks by a planted rule: random users, histories and candidates, and labels that anybody can check. */

import { clickInputs } from '../../../src/models/contract/click-inputs.ts'
import { clickWords, fillHistory } from '../../../src/models/contract/impression-inputs.ts'
import type { InputBuffers } from '../../../src/models/contract/model.ts'
import { type RandomStream, randomStream } from '../../../src/random/stream.ts'
import { sizeOf } from '../../../src/tensor/node.ts'
import { categories, categoryOf, items, users } from './catalog.ts'

/** One sample; a behavior is 0 or 1. */
export interface Sample {
  readonly user: number
  readonly item: number
  readonly history: readonly number[]
  readonly behavior: readonly number[]
  readonly label: number
}

/** What makes a click: a category that occurs in the history, or, for models that cannot say so, categories that everybody likes. */
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

/** Buffers of the inputs of a batch, empty. */
export function buffersOf(rows: number, histories: number, length: number): InputBuffers {
  const { inputs } = clickInputs({ rows, histories, length })
  const named = Object.entries(inputs).map(([name, { shape }]) => [name, new BigInt64Array(sizeOf(shape))] as const)
  return { ...Object.fromEntries(named), label: new Float32Array(rows), weight: new Float32Array(rows) }
}

/** Fills a batch with samples: all their histories, or, where the batch has one, that of the first. Each sample counts alike, rows beyond them nothing. */
export function fillSamples(samples: readonly Sample[], length: number, buffers: InputBuffers): void {
  const histories = buffers['user']?.length ?? 0
  for (const [row, { user, item, history, behavior, label }] of samples.entries()) {
    if (row < histories)
      fillHistory(
        { item: history, behavior },
        { user, begin: 0, end: history.length, row },
        { words: clickWords(buffers), length },
      )
    ;(buffers['item'] as BigInt64Array)[row] = BigInt(item)
    ;(buffers['label'] as Float32Array)[row] = label
    ;(buffers['weight'] as Float32Array)[row] = 1 / samples.length
  }
}
