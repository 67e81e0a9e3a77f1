/** @file How good a model is on a split: metrics with intervals, full catalog and sampled negatives kept apart. */
import type { Dataset, Manifest, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { hitRate } from '../metrics/hit-rate.ts'
import { mrr } from '../metrics/mrr.ts'
import { ndcg } from '../metrics/ndcg.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { bootstrapMeans, type Interval, pairedDifference } from './intervals.ts'
import { type RankOptions, rankTargets, type TargetRanks } from './rank.ts'

const metrics = { hr: hitRate, ndcg, mrr } as const
/** A metric with one target a query, where HR@k is Recall@k. */
export type MetricName = keyof typeof metrics

/** A target of a user with at most this many earlier events is a cold start (R-M16). */
export const coldStartEvents = 10

/** Metrics by name and list length, e.g. `ndcg@10`. */
export type Figures = Readonly<Record<string, Interval>>

/** The figures of some of the targets. The two tables answer different questions and are never mixed. */
interface Slice {
  readonly targets: number
  readonly users: number
  /** Against the full catalog less the excluded items. */
  readonly full: Figures
  /** Against 99 sampled negatives. */
  readonly sampled99?: Figures
}

/** How good one model is on one part of one split; JSON can hold it. */
export interface Report extends Slice {
  readonly model: string
  readonly dataset: { readonly name: string; readonly hash: string }
  readonly protocol: Split['protocol']
  readonly part: 'validation' | 'test'
  readonly candidates: Manifest['candidates']
  readonly seed: number
  readonly ks: readonly number[]
  /** Targets whose user had no event before. */
  readonly emptyHistories: number
  /** Targets whose user had at most 10 events before (R-M16), where there are any. */
  readonly coldStart?: Slice
}

/** See {@link evaluate}. */
export interface EvaluateOptions extends RankOptions {
  /** List lengths; 10 and 20 by default. */
  ks?: readonly number[]
  /** Whether to bootstrap 95 % intervals; true by default. */
  intervals?: boolean
}

/**
 * Ranks every target of a split part and reports HR, NDCG and MRR at each k with intervals, for all targets and for cold starts.
 * @throws UserError as {@link rankTargets}, and `invalid` for a k that is not a whole number from 1
 */
export async function evaluate(
  scorer: Scorer,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions,
): Promise<Report> {
  checkLengths(options.ks ?? [])
  return reportOf(await rankTargets(scorer, dataset, split, options), dataset, split, options)
}

/** NDCG@k against the full catalog and nothing else: the cheap figure to stop training by; k is 10 by default. */
export async function ndcgOf(
  scorer: Scorer,
  dataset: Dataset,
  split: Split,
  options: Omit<RankOptions, 'sampled'> & { k?: number },
): Promise<number> {
  const { k = 10, ...ranking } = options
  const report = await evaluate(scorer, dataset, split, { ...ranking, ks: [k], sampled: false, intervals: false })
  return report.full[`ndcg@${k}`]?.mean ?? Number.NaN
}

/** The report of ranks already made: what {@link evaluate} does after ranking. */
export function reportOf(ranks: TargetRanks, dataset: Dataset, split: Split, options: EvaluateOptions): Report {
  const { part, seed, ks = [10, 20], intervals = true } = options
  const everyone = Array.from(ranks.rows, (_, target) => target)
  const cold = everyone.filter((target) => (ranks.earlier[target] as number) <= coldStartEvents)
  const slice = (targets: readonly number[]): Slice => sliceOf(ranks, targets, ks, intervals ? seed : undefined)
  return {
    model: ranks.model,
    dataset: { name: dataset.manifest.name, hash: dataset.hash },
    protocol: split.protocol,
    part,
    candidates: dataset.manifest.candidates,
    seed,
    ks,
    emptyHistories: everyone.filter((target) => ranks.earlier[target] === 0).length,
    ...slice(everyone),
    ...(cold.length > 0 ? { coldStart: slice(cold) } : {}),
  }
}

/**
 * How much better model a is than model b on the same targets, with a paired 95 % interval that resamples users.
 * @param metric of both models, against the full catalog unless `sampled99` is asked for
 * @throws UserError `mismatched` when the two did not rank the same targets
 */
export function compareRanks(
  a: TargetRanks,
  b: TargetRanks,
  options: { metric: MetricName; k: number; seed: number; against?: 'full' | 'sampled99' },
): Interval {
  const { metric, k, seed, against = 'full' } = options
  const values = [a, b].map((ranks) => ranks[against]?.map((rank) => metrics[metric](rank, k)))
  const [ours, theirs] = values
  if (!ours || !theirs || ours.length !== theirs.length || a.rows.some((row, target) => row !== b.rows[target])) {
    const value = `${a.rows.length} and ${b.rows.length} targets`
    throw new UserError({
      where: `${a.model} and ${b.model}`,
      problem: 'mismatched',
      value,
      expected: 'the same targets, ranked the same way',
    })
  }
  return pairedDifference(ours, theirs, a.user, { seed })
}

function sliceOf(
  ranks: TargetRanks,
  targets: readonly number[],
  ks: readonly number[],
  seed: number | undefined,
): Slice {
  const user = Int32Array.from(targets, (target) => ranks.user[target] as number)
  const names = ks.flatMap((k) => (Object.keys(metrics) as MetricName[]).map((metric) => ({ metric, k })))
  const figures = (all: Float64Array): Figures => {
    const columns = names.map(({ metric, k }) => targets.map((target) => metrics[metric](all[target] as number, k)))
    const means = bootstrapMeans(columns, user, seed === undefined ? { seed: 0, resamples: 0 } : { seed })
    return Object.fromEntries(names.map(({ metric, k }, at) => [`${metric}@${k}`, means[at] as Interval]))
  }
  const sampled = ranks.sampled99 ? { sampled99: figures(ranks.sampled99) } : {}
  return { targets: targets.length, users: new Set(user).size, full: figures(ranks.full), ...sampled }
}

function checkLengths(ks: readonly number[]): void {
  const wrong = ks.find((k) => !Number.isInteger(k) || k < 1)
  if (wrong !== undefined)
    throw new UserError({
      where: 'evaluate.ks',
      problem: 'invalid',
      value: String(wrong),
      expected: 'a whole number from 1',
    })
}
