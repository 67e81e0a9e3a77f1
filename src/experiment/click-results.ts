/** @file Figures of comparisons of click prediction: AUC by DeLong's interval, the rest by resampled users. */
import { type ClickReport, clickReport, type Predictions } from '../evaluate/clicks.ts'
import { bootstrapMeans, type Interval } from '../evaluate/intervals.ts'
import { meanAucDifference, meanAucInterval } from '../metrics/delong.ts'
import { aucRatio, relaImpr } from '../metrics/relative-improvement.ts'
import { evaluationSeed, isClicks, type StoredPredictions, type Trained } from './cell.ts'
import type { ClickMetric } from './experiment.ts'
import type { VariantResult, VariantRuns } from './results.ts'

/** The figures of variants that predicted the same impressions. */
export function clickResultsOf(runs: readonly VariantRuns[]): VariantResult[] {
  return runs.map((run) => {
    const ours = testsOf(run)
    const { label } = ours[0] as StoredPredictions
    const scores = ours.map(({ probability }) => probability)
    const other = runs.find(({ variant }) => variant === run.against)
    const theirs = other && testsOf(other).map(({ probability }) => probability)
    const auc = meanAucInterval(scores, label)
    const base = theirs && meanAucInterval(theirs, label).mean
    return {
      variant: run.variant,
      model: run.model,
      options: { ...run.options.config, ...run.options.training },
      dataset: run.dataset,
      validation: validationInterval(run.trained),
      figures: { impressions: { auc, ...otherFigures(ours) } },
      ...(theirs &&
        run.against !== undefined && { difference: { against: run.against, figures: { auc: meanAucDifference(scores, theirs, label) } } }),
      ...(base !== undefined && { improvement: { relaImpr: relaImpr(auc.mean, base), aucRatio: aucRatio(auc.mean, base) } }),
      bestEpochs: run.trained.map(({ bestEpoch }) => bestEpoch),
      measures: [],
      seconds: run.trained.reduce((sum, { seconds }) => sum + seconds, 0) / run.trained.length,
    }
  })
}

const testsOf = ({ tested }: VariantRuns): StoredPredictions[] => tested.map(({ test }) => test).filter(isClicks)

function validationInterval(trained: readonly Trained[]): Interval | null {
  const validated = trained.flatMap(({ validation }) => validation ?? []).filter(isClicks)
  const [first] = validated
  return first
    ? meanAucInterval(
        validated.map(({ probability }) => probability),
        first.label,
      )
    : null
}

/** GAUC, log loss and calibration: means over the seeds, the log loss with an interval over users of its mean over the seeds. */
function otherFigures(runs: readonly StoredPredictions[]): Readonly<Record<Exclude<ClickMetric, 'auc'>, Interval>> {
  const reports = runs.map(predictionsOf).map(clickReport)
  const meanOf = (figure: (report: ClickReport) => number): number => reports.reduce((sum, report) => sum + figure(report), 0) / reports.length
  const losses = Float64Array.from(runs[0]?.label ?? [], (label, at) => {
    const likelihood = runs.map(({ probability }) => (label === 1 ? (probability[at] as number) : 1 - (probability[at] as number)))
    return likelihood.reduce((sum, value) => sum - Math.log(Math.max(value, 1e-7)), 0) / runs.length
  })
  const [logLoss = { mean: Number.NaN }] = bootstrapMeans([losses], runs[0]?.user ?? [], { seed: evaluationSeed })
  return { gauc: { mean: meanOf(({ gauc }) => gauc.mean) }, 'log loss': logLoss, calibration: { mean: meanOf(({ calibration }) => calibration) } }
}

const predictionsOf = ({ model, user, label, probability }: StoredPredictions): Predictions => ({
  model,
  user: Int32Array.from(user),
  label: Uint8Array.from(label),
  probability: Float64Array.from(probability),
})
