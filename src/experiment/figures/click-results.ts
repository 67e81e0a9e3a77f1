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
    const ours = predictionsOf(run.tested.map(({ test }) => test))
    for (const predictions of ours) checkPredictions(predictions)
    const compared = runs.find(({ variant }) => variant === run.against)
    const theirs = compared && predictionsOf(compared.tested.map(({ test }) => test))
    const validated = predictionsOf(run.trained.flatMap(({ validation }) => validation ?? []))
    return {
      variant: run.variant,
      model: run.model,
      options: { ...run.options.config, ...run.options.training },
      dataset: run.dataset,
      ...figuresOf(validated, ours),
      ...(theirs && run.against !== undefined && comparedWith(run.against, ours, theirs)),
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
function comparedWith(
  against: string,
  ours: readonly Predictions[],
  theirs: readonly Predictions[],
): Required<Pick<VariantResult, 'difference' | 'improvement'>> {
  const [{ label }] = ours as readonly [Predictions]
  const [scores, base] = [ours, theirs].map((runs) => runs.map(({ probability }) => probability)) as [
    Float64Array[],
    Float64Array[],
  ]
  const [auc, baseAuc] = [scores, base].map((runs) => meanAucInterval(runs, label).mean) as [number, number]
  const difference: Interval = meanAucDifference(scores, base, label)
  const loss = meanClickDifference(metrics.logLoss, ours, theirs, evaluationSeed)
  return {
    difference: { against, figures: { [metrics.auc.key]: difference, [metrics.logLoss.key]: loss } },
    improvement: { relaImpr: relaImpr(auc, baseAuc), aucRatio: aucRatio(auc, baseAuc) },
  }
}

const predictionsOf = (outcomes: readonly Outcome[]): Predictions[] =>
  outcomes.filter(isClicks).map(({ model, user, label, probability }) => ({
    kind: 'clicks',
    model,
    user: Int32Array.from(user),
    label: Uint8Array.from(label),
    probability: Float64Array.from(probability),
  }))
