/**
 * @file Every metric once, a row each: its formula, which way is better, how it is printed, and how its interval is
 * made.
 */
import { auc } from './auc.ts'
import { calibration } from './calibration.ts'
import { calibrationError } from './calibration-error.ts'
import { coverage } from './coverage.ts'
import { diversity } from './diversity.ts'
import { gauc, gaucTerms } from './gauc.ts'
import { hitRate } from './hit-rate.ts'
import { logLoss, logLosses } from './log-loss.ts'
import { mrr } from './mrr.ts'
import { ndcg } from './ndcg.ts'
import { novelty } from './novelty.ts'

/** What a model said of impressions, beside what came of them; all arrays are [impressions]. */
export interface ClickOutcome {
  readonly probability: ArrayLike<number>
  /** 1 where clicked, else 0. */
  readonly label: ArrayLike<number>
  readonly user: ArrayLike<number>
}

/** Values whose mean is a metric, each with the user it belongs to. */
export interface Terms {
  readonly values: ArrayLike<number>
  readonly user: ArrayLike<number>
}

/** Which values of a metric are the better ones. */
export type Better = 'higher' | 'lower' | 'nearer to 1'

interface Row {
  /** What reports and results files call it; ranks add the list length: `hr@10`. */
  readonly key: string
  /** What tables call it. */
  readonly printed: string
  readonly better: Better
}

/**
 * A metric of one target's rank in a list of length k; over targets it is the mean, and its interval resamples users.
 */
export interface RankMetric extends Row {
  readonly of: 'ranks'
  /** @param rank from 1, see `expectedRank` */
  readonly formula: (rank: number, k: number) => number
}

/** The lists that a model recommends, for metrics that no target has a part in. */
export interface Lists {
  /** The first k items of each list; the pad is in none. */
  readonly lists: readonly ArrayLike<number>[]
  readonly k: number
  /** Training events of each item, by index. */
  readonly counts: ArrayLike<number>
}

/** A metric of all lists of length k together, beside accuracy; it has no interval. */
export interface ListMetric extends Row {
  readonly of: 'lists'
  readonly formula: (lists: Lists) => number
}

/** A metric of probabilities of clicks. */
export interface ClickMetric extends Row {
  readonly of: 'clicks'
  readonly formula: (outcome: ClickOutcome) => number
  /**
   * Where its interval comes from: `DeLong` for an AUC; else users are resampled, and the metric is the mean of a term
   * of each impression, or of terms of the users who count; `none` where it has no interval.
   */
  readonly interval: 'DeLong' | 'impressions' | 'users' | 'none'
  /** Of the intervals that resample users. */
  readonly terms?: (outcome: ClickOutcome) => Terms
}

/** The table. To add a metric, write its file and a row here. */
export const metrics = {
  hitRate: { of: 'ranks', key: 'hr', printed: 'HR', better: 'higher', formula: hitRate },
  ndcg: { of: 'ranks', key: 'ndcg', printed: 'NDCG', better: 'higher', formula: ndcg },
  mrr: { of: 'ranks', key: 'mrr', printed: 'MRR', better: 'higher', formula: mrr },
  coverage: {
    of: 'lists',
    key: 'coverage',
    printed: 'coverage',
    better: 'higher',
    formula: ({ lists, counts }) => coverage(lists, counts.length - 1),
  },
  novelty: {
    of: 'lists',
    key: 'novelty',
    printed: 'novelty',
    better: 'higher',
    formula: ({ lists, counts }) => novelty(lists, counts),
  },
  diversity: {
    of: 'lists',
    key: 'diversity',
    printed: 'diversity',
    better: 'higher',
    formula: ({ lists, k }) => diversity(lists, k),
  },
  auc: {
    of: 'clicks',
    key: 'auc',
    printed: 'AUC',
    better: 'higher',
    formula: ({ probability, label }) => auc(probability, label),
    interval: 'DeLong',
  },
  gauc: {
    of: 'clicks',
    key: 'gauc',
    printed: 'GAUC',
    better: 'higher',
    formula: ({ probability, label, user }) => gauc(probability, label, user).mean,
    interval: 'users',
    terms: ({ probability, label, user }) => gaucTerms(probability, label, user),
  },
  logLoss: {
    of: 'clicks',
    key: 'log loss',
    printed: 'log loss',
    better: 'lower',
    formula: ({ probability, label }) => logLoss(probability, label),
    interval: 'impressions',
    terms: ({ probability, label, user }) => ({ values: logLosses(probability, label), user }),
  },
  calibration: {
    of: 'clicks',
    key: 'calibration',
    printed: 'calibration',
    better: 'nearer to 1',
    formula: ({ probability, label }) => calibration(probability, label),
    interval: 'none',
  },
  calibrationError: {
    of: 'clicks',
    key: 'calibration error',
    printed: 'calibration error',
    better: 'lower',
    formula: ({ probability, label }) => calibrationError(probability, label),
    interval: 'none',
  },
} as const satisfies Readonly<Record<string, RankMetric | ListMetric | ClickMetric>>

type Metrics = typeof metrics
type NameOf<Kind extends 'ranks' | 'lists' | 'clicks'> = {
  [Name in keyof Metrics]: Metrics[Name] extends { of: Kind } ? Name : never
}[keyof Metrics]

/** The metrics of probabilities of clicks, by name. */
export type ClickMetricName = NameOf<'clicks'>
/** A metric of ranks with its list length, by its key: `ndcg@10`. */
export type RankFigure = `${Metrics[NameOf<'ranks'>]['key']}@${number}`
/** A metric of lists with their length, by its key: `coverage@10`. */
export type ListFigure = `${Metrics[NameOf<'lists'>]['key']}@${number}`
/** A metric of clicks, by its key: `log loss`. */
export type ClickFigure = Metrics[ClickMetricName]['key']

/**
 * What training is stopped by and options are chosen by, for each kind of outcome; the full catalog, where ranks are
 * meant. For clicks it is not AUC, which still rises when probabilities have long become worse than a constant.
 */
export const validationMetric = { ranks: 'ndcg@10', clicks: 'log loss' } as const satisfies {
  readonly ranks: RankFigure
  readonly clicks: ClickFigure
}

const rows: readonly (RankMetric | ListMetric | ClickMetric)[] = Object.values(metrics)

/** The metrics of ranks, in the order of the table. */
export const rankMetrics: readonly RankMetric[] = rows.filter((row) => row.of === 'ranks')

/** The metrics of lists, in the order of the table. */
export const listMetrics: readonly ListMetric[] = rows.filter((row) => row.of === 'lists')

/** The metrics of clicks by name, in the order of the table. */
export const clickMetrics = Object.entries<RankMetric | ListMetric | ClickMetric>(metrics).filter(
  (entry): entry is [ClickMetricName, ClickMetric] => entry[1].of === 'clicks',
)

/** The value of a rank by one figure: that of `ndcg@10` is NDCG in a list of 10. */
export function rankFormula(figure: RankFigure): (rank: number) => number {
  const [key, length] = figure.split('@')
  const { formula } = rankMetrics.find((metric) => metric.key === key) as RankMetric
  return (rank) => formula(rank, Number(length))
}

/** The metric of clicks of a key. */
export function clickMetric(key: ClickFigure): ClickMetric {
  return rows.find((row) => row.key === key) as ClickMetric
}

/** Which values of a figure are better. */
export const betterOf = (figure: RankFigure | ClickFigure): Better =>
  rows.find(({ key }) => key === figure.split('@')[0])?.better ?? 'higher'

/** Whether a value is better than another one; equal values are not. */
export function isBetter(better: Better, value: number, than: number): boolean {
  if (better === 'nearer to 1') return Math.abs(Math.log(value)) < Math.abs(Math.log(than))
  return better === 'higher' ? value > than : value < than
}

/** A figure as tables name it: `ndcg@10` is NDCG@10. */
export function printedFigure(figure: RankFigure | ListFigure | ClickFigure): string {
  const [key, ...length] = figure.split('@')
  return [rows.find((row) => row.key === key)?.printed ?? figure, ...length].join('@')
}
