/** @file Batches of candidates beside the histories of those they are shown to: what every model of clicks reads. */
import type { ClickSamples } from '../dataset/click-samples.ts'
import { Bug } from '../errors.ts'
import { greater, where } from '../tensor/compare.ts'
import { wordsOf } from '../tensor/int64.ts'
import { cast } from '../tensor/move.ts'
import type { Tensor } from '../tensor/node.ts'
import { type BatchKind, type BatchShape, batchKind, counted, type InputBuffers } from './kind.ts'
import { bucketLengths } from './lengths.ts'
import { sampleBatches } from './sample-batches.ts'

/**
 * A symbolic batch of B candidates and H histories of length L. H is B where each candidate has a history of its own,
 * as in training, or 1 where all candidates are for one user: what has H rows is then computed once, and broadcasts
 * against what has B.
 */
export interface Impressions {
  readonly rows: number
  readonly histories: number
  readonly length: number
  readonly serving: boolean
  /** Index of the user, [H] int64; 0 for somebody new. */
  readonly user_H: Tensor
  /** Index of the candidate, [B] int64. */
  readonly item_B: Tensor
  /** Item indices, oldest first, then zeros up to L: [H, L] int64. */
  readonly history_HL: Tensor
  /** 1 + the behavior of each event, 0 where there is none: [H, L] int64. */
  readonly behavior_HL: Tensor
  /** 1 where there is an event, else 0: [H, L]. */
  readonly mask_HL: Tensor
  /** 0 or 1 for each candidate [B]. Training only. */
  readonly label_B: Tensor
  /** Weights [B], which sum to 1; rows that only fill up the batch have weight 0. Training only. */
  readonly weight_B: Tensor
}

/** Events of one user, oldest first. */
export interface RatedHistory {
  /** 0 for somebody new. */
  readonly user: number
  readonly item: ArrayLike<number>
  readonly behavior: ArrayLike<number>
}

/** What fills a batch: samples by their numbers, or candidates for one user. */
export type ImpressionRows =
  | { readonly samples: ClickSamples; readonly numbers: ArrayLike<number> }
  | { readonly history: RatedHistory; readonly candidates: ArrayLike<number> }

/** A kind of batch of impressions. */
export type ImpressionKind = BatchKind<Impressions, ImpressionRows>

/**
 * Batches of impressions.
 * @param maxLength how many of a history's last events are read; 0 where the history is not read
 */
export function impressions(maxLength: number): ImpressionKind {
  return batchKind<Impressions, ImpressionRows>({
    smallest: { rows: 2, length: Math.max(1, maxLength), targets: 2 },
    declare({ rows, length, targets, histories = rows }, input) {
      const user_H = input('user', [histories], 'int64')
      const item_B = input('item', [rows], 'int64')
      const history_HL = input('history', [histories, length], 'int64')
      const behavior_HL = input('behavior', [histories, length], 'int64')
      const mask_HL = where(greater(cast(history_HL, 'float32'), 0), 1, 0)
      return {
        rows,
        histories,
        length,
        serving: targets === 0,
        user_H,
        item_B,
        history_HL,
        behavior_HL,
        mask_HL,
        label_B: input('label', [rows]),
        weight_B: input('weight', [rows]),
      }
    },
    fill(rows, shape, buffers) {
      if ('samples' in rows) fillSamples(rows.samples, rows.numbers, shape, buffers)
      else fillCandidates(rows.history, rows.candidates, shape, buffers)
    },
    training({ samples }, { batchSize, seed }, fill) {
      if (!samples) throw new Bug('impressions train on labelled samples')
      const rows = Math.min(batchSize, samples.train.length)
      const shapes = new Map(bucketLengths(maxLength).map((length) => [length, { rows, length, targets: rows }]))
      const batchesOf = (epoch: number) => sampleBatches(samples, { batchSize: rows, maxLength, seed, epoch })
      const lengths = new Set(batchesOf(0).map(({ length }) => length))
      return {
        size: `${counted(samples.train.length)} samples`,
        shapes: [...shapes.values()].filter(({ length }) => lengths.has(length)),
        epoch: (epoch) =>
          batchesOf(epoch).map(({ length, samples: numbers }) => {
            const shape = shapes.get(length) as BatchShape
            return {
              shape,
              fill(buffers, random) {
                fill({ samples, numbers }, shape, buffers, random)
                return numbers.length
              },
            }
          }),
      }
    },
  })
}

/** The whole numbers of a batch's inputs, as words of their buffers. */
type Words = Readonly<Record<'user' | 'item' | 'history' | 'behavior', Int32Array | undefined>>

function wordsIn(buffers: InputBuffers): Words {
  const of = (name: string): Int32Array | undefined => {
    const buffer = buffers[name]
    return buffer && wordsOf(buffer as BigInt64Array)
  }
  return { user: of('user'), item: of('item'), history: of('history'), behavior: of('behavior') }
}

/** Each candidate has a history of its own. Rows beyond the samples repeat the first one and count nothing. */
function fillSamples(
  { columns, user, item, end, label }: ClickSamples,
  numbers: ArrayLike<number>,
  { rows, length }: BatchShape,
  buffers: InputBuffers,
): void {
  const count = numbers.length
  const words = wordsIn(buffers)
  const [labels, weights] = [buffers['label'], buffers['weight']] as readonly (Float32Array | undefined)[]
  for (let row = 0; row < rows; row++) {
    const sample = numbers[row < count ? row : 0] as number
    const owner = user[sample] as number
    const events = { begin: columns.start[owner] as number, end: end[sample] as number }
    fillHistory(columns, events, { words, length, row })
    if (words.user) words.user[2 * row] = owner
    if (words.item) words.item[2 * row] = item[sample] as number
    if (labels) labels[row] = label[sample] as number
    if (weights) weights[row] = row < count ? 1 / count : 0
  }
}

/** All candidates are for one user. Rows beyond them repeat the last one. */
function fillCandidates(
  history: RatedHistory,
  candidates: ArrayLike<number>,
  { rows, length }: BatchShape,
  buffers: InputBuffers,
): void {
  const words = wordsIn(buffers)
  fillHistory(history, { begin: 0, end: history.item.length }, { words, length, row: 0 })
  if (words.user) words.user[0] = history.user
  if (!words.item) return
  for (let row = 0; row < rows; row++) words.item[2 * row] = candidates[Math.min(row, candidates.length - 1)] as number
}

/** Writes the last events of rows [begin, end) into a row of the histories, which have `length` places. */
function fillHistory(
  { item, behavior }: Pick<RatedHistory, 'item' | 'behavior'>,
  { begin, end }: { readonly begin: number; readonly end: number },
  { words, length, row }: { readonly words: Words; readonly length: number; readonly row: number },
): void {
  const first = Math.max(begin, end - length)
  for (let at = 0; at < length; at++) {
    const event = first + at
    const to = 2 * (row * length + at)
    const there = event < end
    if (words.history) words.history[to] = there ? (item[event] as number) : 0
    if (words.behavior) words.behavior[to] = there ? (behavior[event] as number) + 1 : 0
  }
}
