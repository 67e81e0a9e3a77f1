/** @file What comes of a comparison: each variant's cells, its figures, and the rows of the results table. */
import type { Interval } from '../../evaluate/intervals.ts'
import type { Frame, Metric, OptionSet, Protocol, Tested, Trained } from '../terms.ts'

/** A row of the results table. */
export interface Row {
  readonly model: string
  readonly options: Readonly<Record<string, unknown>>
  readonly dataset: string
  /** How the targets were chosen: given, leave-one-out or time. */
  readonly split: string
  readonly protocol: Protocol
  /** Of the test targets; that of the validation targets, which choices are made by, begins with `validation`. */
  readonly metric: string
  /** Of the seeds' means. */
  readonly mean: number
  /** 95 % bootstrap interval over users of the metric averaged over the seeds; null where there is no target. */
  readonly low: number | null
  readonly high: number | null
  readonly seeds: readonly number[]
  /** Which of the test targets count, in words; all by default. */
  readonly slice?: string
}

/** One variant's cells, one a seed. */
export interface VariantRuns {
  readonly variant: string
  readonly model: string
  readonly options: OptionSet
  readonly dataset: string
  readonly seeds: readonly number[]
  readonly trained: readonly Trained[]
  readonly tested: readonly Tested[]
  /** The variant it is compared with. */
  readonly against?: string
  /** Of clicks: the variant that its relative improvement is over; by default the one it is compared with. */
  readonly improvedOver?: string
}

/** One variant's figures. */
export interface VariantResult {
  readonly variant: string
  readonly model: string
  readonly options: Readonly<Record<string, unknown>>
  readonly dataset: string
  /** What choices are made by, of the validation targets; null where there are none. */
  readonly validation: Interval | null
  /** By protocol, where there are figures of it. */
  readonly figures: Readonly<Partial<Record<Protocol, Readonly<Record<string, Interval>>>>>
  /** This variant less another, full catalog or impressions, target by target. */
  readonly difference?: { readonly against: string; readonly figures: Readonly<Record<string, Interval>> }
  /** Models that only count, of the same table, that a trained one is clearly below by the first metric. */
  readonly below?: readonly Below[]
  /** Of clicks: the two relative improvements of R-D9, over the other variant or over the comparison's own base. */
  readonly improvement?: { readonly relaImpr: number; readonly aucRatio: number }
  /** What its model reads and its dataset does not have; nothing by default. */
  readonly lacks?: readonly string[]
  /** The epoch that was kept, of each seed. */
  readonly bestEpochs: readonly number[]
  readonly measures: readonly number[]
  /** Of training, averaged over the seeds; no part of what is written, since it differs from run to run. */
  readonly seconds: number
}

/** A counted variant, and a trained one's figure less that one's, of ranks in the full catalog, target by target. */
export interface Below {
  readonly counted: string
  readonly difference: Interval
}

/** What tuning tried. */
export interface Tried {
  readonly variant: string
  readonly options: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly validation: number
  readonly kept: boolean
}

/** A comparison's results. */
export interface ComparisonResult {
  readonly title: string
  readonly frame: Frame
  readonly targets: number
  readonly users: number
  readonly seeds: readonly number[]
  readonly metrics: readonly Metric[]
  readonly measure?: string
  /** The variant that relative improvements are over, where it is not the one that variants are compared with. */
  readonly improvedOver?: string
  /** Which of the targets count, in words; all by default. */
  readonly slice?: string
  readonly variants: readonly VariantResult[]
  /** Of clicks: what a constant has, the share of clicks that trained. */
  readonly constant?: VariantResult
  readonly tried: readonly Tried[]
  /** Variants that have not been run yet. */
  readonly absent: readonly string[]
}
