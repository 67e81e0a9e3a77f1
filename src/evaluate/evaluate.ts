/** @file How good a model is on a split: metrics with intervals, full catalog and sampled negatives kept apart. */
import { mean } from 'simple-statistics'
import type { Dataset, Manifest, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { listMetrics, type RankFigure, rankFormula, rankMetrics, validationMetric } from '../metrics/table.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { bootstrapMeans, type Interval, pairedDifference } from './intervals.ts'
import { type RankOptions, rankTargets, type TargetRanks } from './rank.ts'
import { type Slice, sliceOf, usualSlices } from './slices.ts'

/** Metrics by key and list length, e.g. `ndcg@10`. */
export type Figures = Readonly<Record<string, Interval>>

/** The figures of one slice of the targets. The two tables answer different questions and are never mixed. */
export interface SliceFigures extends Pick<Slice, 'title' | 'about'> {
  readonly targets: number
  readonly users: number
  /** Against the full catalog less the excluded items. */
  readonly full: Figures
  /** Against the sampled negatives. */
  readonly sampled99?: Figures
}

/** How good one model is on one part of one split; JSON can hold it. */
export interface Report {
  readonly model: string
  /** What tables call it, where the model says too little. */
  readonly name?: string
  readonly dataset: { readonly name: string; readonly hash: string }
  readonly protocol: Split['protocol']
  readonly part: 'validation' | 'test'
  readonly candidates: Manifest['candidates']
  /** Where the dataset is asked one. */
  readonly question?: 'funnel' | 'discovery'
  readonly seed: number
  readonly ks: readonly number[]
  /** Targets whose user had no event before. */
  readonly emptyHistories: number
  /** Metrics of the lists of all targets, by key and length, e.g. `coverage@10`; where lists were kept. */
  readonly lists?: Readonly<Record<string, number>>
  /** By name, first `all`; a slice without targets is left out, and a usual one of a single target. */
  readonly slices: { readonly all: SliceFigures; readonly [slice: string]: SliceFigures }
}

/** The list lengths that reports have unless they are told otherwise. */
const usualLengths: readonly number[] = [10, 20]

/** See {@link evaluate}. */
export interface EvaluateOptions extends RankOptions {
  /** List lengths; 10 and 20 by default. */
  ks?: readonly number[]
  /**
   * Which slices have figures of their own, beside all targets: see {@link sliceOf}; cold starts and empty histories by
   * default.
   */
  slices?: readonly string[]
  /** Whether to bootstrap 95 % intervals; true by default. */
  intervals?: boolean
}

/**
 * Ranks every target of a split part and reports every metric of ranks at each k with intervals, for all targets and
 * for each slice.
 * @throws UserError as {@link rankTargets} and {@link sliceOf}, and `invalid` for a k that is not a whole number from 1
 */
export async function evaluate(
  scorer: Scorer,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions,
): Promise<Report> {
  const { ks = [], slices = [] } = options
  checkLengths(ks)
  for (const name of slices) sliceOf(name, dataset)
  const listLength = Math.max(0, ...(options.ks ?? usualLengths))
  return reportOf(await rankTargets(scorer, dataset, split, { listLength, ...options }), dataset, split, options)
}

/**
 * The mean of the metric that training is stopped by and options are chosen by, against the full catalog, and nothing
 * else.
 */
export async function ndcgOf(
  scorer: Scorer,
  dataset: Dataset,
  split: Split,
  options: Omit<RankOptions, 'sampled'>,
): Promise<number> {
  const { full } = await rankTargets(scorer, dataset, split, { ...options, sampled: false })
  return ndcgOfRanks(full)
}

/** The same of ranks that are there. */
export const ndcgOfRanks = (full: Float64Array): number => mean(Array.from(full, rankFormula(validationMetric.ranks)))

/** The report of ranks already made: what {@link evaluate} does after ranking. */
export function reportOf(ranks: TargetRanks, dataset: Dataset, split: Split, options: EvaluateOptions): Report {
  const { part, seed, ks = usualLengths, slices = usualSlices, intervals = true } = options
  const { events, manifest } = dataset
  const targets = Array.from(ranks.rows, (row, target) => ({
    target,
    earlier: ranks.earlier[target] as number,
    behavior: manifest.behaviors[events.behavior[row] as number] as string,
  }))
  const figuresOf = (slice: Slice): SliceFigures => {
    const places = targets.filter(slice.holds).map(({ target }) => target)
    const { title, about } = slice
    return { title, about, ...figuresAt(places, ranks, ks, intervals ? seed : undefined) }
  }
  // One target says nothing of a slice; a slice that was asked for has its figures all the same.
  const fewest = options.slices ? 1 : 2
  const own = slices
    .map((name) => sliceOf(name, dataset))
    .filter(({ name, holds }) => name !== 'all' && targets.filter(holds).length >= fewest)
    .map((slice) => [slice.name, figuresOf(slice)] as const)
  return {
    model: ranks.model,
    dataset: { name: manifest.name, hash: dataset.hash },
    protocol: split.protocol,
    part,
    candidates: manifest.candidates,
    ...(dataset.asked && { question: dataset.asked.question }),
    seed,
    ks,
    emptyHistories: targets.filter(({ earlier }) => earlier === 0).length,
    ...(ranks.lists && { lists: listFigures(ranks.lists, ks, trainingCounts(dataset, split)) }),
    slices: { all: figuresOf(sliceOf('all', dataset)), ...Object.fromEntries(own) },
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
  options: { metric: RankFigure; seed: number; against?: 'full' | 'sampled99' },
): Interval {
  const { metric, seed, against = 'full' } = options
  const [ours, theirs] = [a, b].map((ranks) => ranks[against]?.map(rankFormula(metric)))
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

function listFigures(
  lists: readonly Int32Array[],
  ks: readonly number[],
  counts: Float64Array,
): Readonly<Record<string, number>> {
  const figures = ks.flatMap((k) => {
    const all = { lists: lists.map((list) => list.subarray(0, k)), k, counts }
    return listMetrics.map(({ key, formula }) => [`${key}@${k}`, formula(all)] as const)
  })
  return Object.fromEntries(figures)
}

/** Training events of each item, by index. */
function trainingCounts({ events, catalog }: Dataset, { trainEnd }: Split): Float64Array {
  const counts = new Float64Array(catalog.ids.length)
  for (const [row, item] of events.item.entries())
    if (row < (trainEnd[events.user[row] as number] as number)) counts[item] = (counts[item] as number) + 1
  return counts
}

/** The figures of the targets at some places. */
function figuresAt(
  places: readonly number[],
  ranks: TargetRanks,
  ks: readonly number[],
  seed: number | undefined,
): Omit<SliceFigures, 'title' | 'about'> {
  const user = Int32Array.from(places, (target) => ranks.user[target] as number)
  const columns = ks.flatMap((k) => rankMetrics.map(({ key, formula }) => ({ name: `${key}@${k}`, formula, k })))
  const figures = (all: Float64Array): Figures => {
    const values = columns.map(({ formula, k }) => places.map((target) => formula(all[target] as number, k)))
    const means = bootstrapMeans(values, user, seed === undefined ? { seed: 0, resamples: 0 } : { seed })
    return Object.fromEntries(columns.map(({ name }, at) => [name, means[at] as Interval]))
  }
  const sampled = ranks.sampled99 ? { sampled99: figures(ranks.sampled99) } : {}
  return { targets: places.length, users: new Set(user).size, full: figures(ranks.full), ...sampled }
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
