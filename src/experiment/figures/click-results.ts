/** @file Figures of comparisons of click prediction: AUC by DeLong's interval, the rest by resampled users. */
import { checkPredictions, type Predictions } from '../../evaluate/clicks.ts'
import { bootstrapMeans, type Interval } from '../../evaluate/intervals.ts'
import { calibration } from '../../metrics/calibration.ts'
import { meanAucDifference, meanAucInterval } from '../../metrics/delong.ts'
import { gauc } from '../../metrics/gauc.ts'
import { logLosses } from '../../metrics/log-loss.ts'
import { aucRatio, relaImpr } from '../../metrics/relative-improvement.ts'
import type { ClickMetric } from '../experiment.ts'
import { evaluationSeed, isClicks, type StoredPredictions, type Trained } from '../harness/cell.ts'
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
        run.against !== undefined && {
          difference: { against: run.against, figures: { auc: meanAucDifference(scores, theirs, label) } },
        }),
      ...(base !== undefined && {
        improvement: { relaImpr: relaImpr(auc.mean, base), aucRatio: aucRatio(auc.mean, base) },
      }),
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
  const made = runs.map(predictionsOf)
  for (const predictions of made) checkPredictions(predictions)
  const meanOf = (figure: (predictions: Predictions) => number): number =>
    made.reduce((sum, one) => sum + figure(one), 0) / made.length
  const [{ label, user }] = made as [Predictions]
  const losses = made.map((predictions) => logLosses(predictions.probability, label))
  const meanLosses = Float64Array.from(
    label,
    (_, at) => losses.reduce((sum, of) => sum + (of[at] as number), 0) / losses.length,
  )
  const [logLoss] = bootstrapMeans([meanLosses], user, { seed: evaluationSeed }) as [Interval]
  return {
    gauc: { mean: meanOf(({ probability, label, user }) => gauc(probability, label, user).mean) },
    'log loss': logLoss,
    calibration: { mean: meanOf(({ probability, label }) => calibration(probability, label)) },
  }
}

const predictionsOf = ({ model, user, label, probability }: StoredPredictions): Predictions => ({
  model,
  user: Int32Array.from(user),
  label: Uint8Array.from(label),
  probability: Float64Array.from(probability),
})
