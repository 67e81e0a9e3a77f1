/** @file What runs make of the same targets, and what is lost from one to another. */
import type { TrainingData } from '../batches/kind.ts'
import { UserError } from '../errors.ts'
import { checkPredictions, type Predictions } from '../evaluate/clicks.ts'
import { bootstrapMeans, type Interval, pairedDifference } from '../evaluate/intervals.ts'
import { rankTargets, type TargetRanks } from '../evaluate/rank.ts'
import { meanAucDifference, meanAucInterval } from '../metrics/delong.ts'
import { metrics, type RankFigure, rankFormula, validationMetric } from '../metrics/table.ts'
import type { OpenRun } from '../runs/open-run.ts'

/** Which targets are measured. */
export interface Part {
  readonly part: 'validation' | 'test'
  /** Of the resamples of users. */
  readonly seed: number
}

/** What a run says of targets: ranks, or probabilities of clicks. */
export type Outcome = TargetRanks | Predictions

/** What losses are of: NDCG@10, or AUC for models of clicks. */
export const metricOf = ({ kind }: Outcome): RankFigure | 'auc' =>
  kind === 'clicks' ? metrics.auc.key : validationMetric.ranks

/**
 * What an open run makes of the targets of the untouched data.
 * @param shown what the run was opened on: the histories of the targets are its own
 * @throws UserError `empty` without targets, and as `rankTargets` and `clickReport`
 */
export async function outcomeOf(
  run: OpenRun,
  { untouched, shown }: { readonly untouched: TrainingData; readonly shown: TrainingData },
  { part, seed }: Part,
  counted: (done: number, all: number) => void,
): Promise<Outcome> {
  if (!untouched.split) {
    const predictions = await run.measure(part, { seed, counted })
    if (predictions?.kind !== 'clicks')
      throw new UserError({ where: `${run.folder} ${part}`, problem: 'empty', value: '0 targets' })
    checkPredictions(predictions)
    return predictions
  }
  const { events } = shown.dataset
  return rankTargets(run.scorer, untouched.dataset, untouched.split, {
    part,
    seed,
    maxLength: run.maxLength,
    sampled: false,
    counted,
    ...(events !== untouched.dataset.events && { shown: events }),
  })
}

/** Whether two outcomes are the same number by number: then a model does not read what they differ in. */
export function isSame(one: Outcome, other: Outcome): boolean {
  const [a, b] = [numbersOf(one), numbersOf(other)]
  return a.length === b.length && a.every((value, at) => value === b[at])
}

const numbersOf = (outcome: Outcome): Float32Array | Float64Array =>
  outcome.kind === 'clicks' ? outcome.probability : outcome.full

/** The figure of some runs of one model, which asked the same targets. */
export function figureOf(runs: readonly Outcome[], seed: number): Interval {
  const [first] = runs as readonly [Outcome]
  if (first.kind === 'clicks') return meanAucInterval(runs.map(numbersOf), first.label)
  return bootstrapMeans([meanOfTargets(runs)], first.user, { seed })[0] as Interval
}

/**
 * What the other runs lose against the untouched ones, target by target: users are resampled, or for AUC it is DeLong's
 * interval. An interval above 0 is a loss that can be told from none.
 */
export function lossOf(untouched: readonly Outcome[], others: readonly Outcome[], seed: number): Interval {
  const [first] = untouched as readonly [Outcome]
  if (first.kind === 'clicks') return meanAucDifference(untouched.map(numbersOf), others.map(numbersOf), first.label)
  return pairedDifference(meanOfTargets(untouched), meanOfTargets(others), first.user, { seed })
}

/** NDCG@10 of each target, averaged over runs. */
function meanOfTargets(runs: readonly Outcome[]): Float64Array {
  const formula = rankFormula(validationMetric.ranks)
  const [first] = runs as readonly [Outcome]
  const mean = new Float64Array(first.user.length)
  for (const run of runs) {
    for (const [at, rank] of numbersOf(run).entries()) mean[at] = (mean[at] as number) + formula(rank) / runs.length
  }
  return mean
}
