/**
 * @file Figures of comparisons of click prediction: every metric of clicks over the seeds, and how much better one
 * variant is than another.
 */
import {
  baseRate,
  baseRateName,
  checkPredictions,
  meanClickDifference,
  meanClickFigure,
  type Predictions,
} from '../../evaluate/clicks.ts'
import type { Interval } from '../../evaluate/intervals.ts'
import { meanAucDifference, meanAucInterval } from '../../metrics/delong.ts'
import { aucRatio, relaImpr } from '../../metrics/relative-improvement.ts'
import { clickMetric, clickMetrics, metrics, validationMetric } from '../../metrics/table.ts'
import { evaluationSeed, isClicks, type Outcome } from '../terms.ts'
import type { VariantResult, VariantRuns } from './comparison-result.ts'

/** The figures of variants that predicted the same impressions. */
export function clickResultsOf(runs: readonly VariantRuns[]): VariantResult[] {
  return runs.map((run) => {
    const ours = testOf(run)
    for (const predictions of ours) checkPredictions(predictions)
    const compared = runs.find(({ variant }) => variant === run.against)
    const base = run.improvedOver === undefined ? compared : runs.find(({ variant }) => variant === run.improvedOver)
    const validated = predictionsOf(run.trained.flatMap(({ validation }) => validation ?? []))
    return {
      variant: run.variant,
      model: run.model,
      options: { ...run.options.config, ...run.options.training },
      dataset: run.dataset,
      ...figuresOf(validated, ours),
      ...(compared && { difference: { against: compared.variant, figures: differencesOf(ours, testOf(compared)) } }),
      ...(base && base !== run && { improvement: improvementOf(ours, testOf(base)) }),
      ...(run.trained[0]?.lacks && { lacks: run.trained[0].lacks }),
      bestEpochs: run.trained.map(({ bestEpoch }) => bestEpoch),
      measures: [],
      seconds: run.trained.reduce((sum, { seconds }) => sum + seconds, 0) / run.trained.length,
    }
  })
}

/** What a constant has, the share of clicks that trained; undefined where nothing was predicted. */
export function constantOf([run]: readonly VariantRuns[]): VariantResult | undefined {
  const [tested] = run?.tested ?? []
  if (!run || tested?.clickShare === undefined) return undefined
  const share = tested.clickShare
  const said = (outcomes: readonly Outcome[]): Predictions[] =>
    predictionsOf(outcomes.slice(0, 1)).map((predictions) => baseRate(share, predictions))
  return {
    variant: baseRateName,
    model: baseRateName,
    options: {},
    dataset: run.dataset,
    ...figuresOf(said(run.trained.flatMap(({ validation }) => validation ?? [])), said([tested.test])),
    bestEpochs: [],
    measures: [],
    seconds: 0,
  }
}

function figuresOf(
  validated: readonly Predictions[],
  tested: readonly Predictions[],
): Pick<VariantResult, 'validation' | 'figures'> {
  const choice = clickMetric(validationMetric.clicks)
  const figures = clickMetrics.map(
    ([, metric]) => [metric.key, meanClickFigure(metric, tested, evaluationSeed)] as const,
  )
  return {
    validation: validated.length > 0 ? meanClickFigure(choice, validated, evaluationSeed) : null,
    figures: { impressions: Object.fromEntries(figures) },
  }
}

/** How much better the runs of one variant are than those of another, by AUC and by log loss. */
function differencesOf(
  ours: readonly Predictions[],
  theirs: readonly Predictions[],
): Readonly<Record<string, Interval>> {
  const [{ label }] = ours as readonly [Predictions]
  return {
    [metrics.auc.key]: meanAucDifference(scoresOf(ours), scoresOf(theirs), label),
    [metrics.logLoss.key]: meanClickDifference(metrics.logLoss, ours, theirs, evaluationSeed),
  }
}

/** The two relative improvements of AUC (R-D9). */
function improvementOf(
  ours: readonly Predictions[],
  theirs: readonly Predictions[],
): NonNullable<VariantResult['improvement']> {
  const [{ label }] = ours as readonly [Predictions]
  const [auc, base] = [ours, theirs].map((runs) => meanAucInterval(scoresOf(runs), label).mean) as [number, number]
  return { relaImpr: relaImpr(auc, base), aucRatio: aucRatio(auc, base) }
}

const scoresOf = (runs: readonly Predictions[]) => runs.map(({ probability }) => probability)

const testOf = ({ tested }: VariantRuns): Predictions[] => predictionsOf(tested.map(({ test }) => test))

const predictionsOf = (outcomes: readonly Outcome[]): Predictions[] =>
  outcomes.filter(isClicks).map(({ model, user, label, probability }) => ({
    kind: 'clicks',
    model,
    user: Int32Array.from(user),
    label: Uint8Array.from(label),
    probability: Float64Array.from(probability),
  }))
