/**
 * @file The terms that the files of experiments share: what is asked of a target, what a cell stores of it, and under
 * which frame.
 */
import * as z from 'zod'
import type { ClickSliceName } from '../evaluate/slices.ts'
import { type ClickFigure, type RankFigure, validationMetric } from '../metrics/table.ts'

/** A metric by its key, with its list length where ranks are meant: `ndcg@10`, `log loss`. */
export type Metric = RankFigure | ClickFigure

/** Options that differ from the defaults, of the model and of training. */
export interface OptionSet {
  readonly config?: Readonly<Record<string, unknown>>
  readonly training?: Readonly<Record<string, unknown>>
}

/**
 * What is asked of a target: its rank in the full catalog, its rank among the sampled negatives, or whether it was
 * clicked. Never two in one table.
 */
export type Protocol = 'full' | 'sampled99' | 'impressions'

/** Some of the targets, by the name that `src/evaluate/slices.ts` has for them. */
export type SliceName = 'coldStart' | 'emptyHistory' | ClickSliceName

/** The protocol whose figures come first. */
export const headlineOf = (figures: Readonly<Partial<Record<Protocol, unknown>>>): 'full' | 'impressions' =>
  'impressions' in figures ? 'impressions' : 'full'

/** What choices are made by, where this is asked. */
export const validationMetricOf = (protocol: Protocol): Metric =>
  protocol === 'impressions' ? validationMetric.clicks : validationMetric.ranks

/** Draws the sampled negatives and the resamples of intervals, the same for every cell. */
export const evaluationSeed = 1

/** The seeds of an experiment that says nothing of its own. */
export const usualSeeds: readonly number[] = [1, 2, 3]

const numbers = z.array(z.number())
const ranksSchema = z.strictObject({
  model: z.string(),
  rows: numbers,
  user: numbers,
  earlier: numbers,
  full: numbers,
  sampled99: numbers.optional(),
})
/** Ranks as JSON has them; see `TargetRanks`. */
export type StoredRanks = z.infer<typeof ranksSchema>

const predictionsSchema = z.strictObject({
  model: z.string(),
  user: numbers,
  label: numbers,
  probability: numbers,
  known: numbers.optional(),
})
/** Probabilities of clicks as JSON has them; see `Predictions`. */
export type StoredPredictions = z.infer<typeof predictionsSchema>

const outcomeSchema = z.union([ranksSchema, predictionsSchema])
/** What a cell made of its targets: ranks of the next item, or probabilities of clicks. */
export type Outcome = z.infer<typeof outcomeSchema>

/** Whether an outcome is of clicks. */
export const isClicks = (outcome: Outcome): outcome is StoredPredictions => 'probability' in outcome

const frameSchema = z.strictObject({
  split: z.record(z.string(), z.unknown()),
  candidates: z.string(),
  /** The sampled negatives: how many, drawn by which seed; null where there are none. */
  negatives: z.string().nullable(),
  /** Hash of the targets: users, items and times. */
  targets: z.string(),
})
/** How a cell judged its targets: cells with other frames never share a table. */
export type Frame = z.infer<typeof frameSchema>

/** `trained.json` of a cell: what training gave. */
export const trainedSchema = z.strictObject({
  key: z.string(),
  /** Epochs trained, and the one whose parameters were kept; 0 for a fitted model. */
  epochs: z.int(),
  bestEpoch: z.int(),
  seconds: z.number(),
  /** What the model reads and the dataset does not have; nothing by default. */
  lacks: z.array(z.string()).optional(),
  /** Null where the split has no validation targets. */
  validation: outcomeSchema.nullable(),
})
/** See {@link trainedSchema}. */
export type Trained = z.infer<typeof trainedSchema>

/** `tested.json` of a cell: what testing gave. */
export const testedSchema = z.strictObject({
  key: z.string(),
  frame: frameSchema,
  measure: z.number().nullable(),
  test: outcomeSchema,
  /** Of clicks: their share among the samples that trained, what a constant says. */
  clickShare: z.number().optional(),
})
/** See {@link testedSchema}. */
export type Tested = z.infer<typeof testedSchema>
