/** @file Runs an experiment of planted noise: each case with each seed, judged and counted. */
import { join } from 'node:path'
import { type Judged, judges } from '../../audit/planted.ts'
import { loadDataset } from '../../dataset/load.ts'
import { markdownTable, percent } from '../../evaluate/printing.ts'
import { meanAucInterval } from '../../metrics/delong.ts'
import { type Interval, normal95 } from '../../metrics/interval.ts'
import type { PlantedCase, PlantedExperiment } from '../experiment.ts'
import { writePageFiles } from '../figures/page-files.ts'
import type { Panel } from '../figures/plot.ts'
import { rounded } from '../figures/results.ts'
import { usualSeeds } from '../terms.ts'
import { preparedDataset } from './dataset-recipe.ts'
import type { RunPlace } from './run-statistics.ts'

/** What one judge reaches over the seeds. */
interface JudgeFigures {
  readonly judge: string
  readonly auc: Interval
  /** Of as many of the most suspicious as were planted, the share that was. */
  readonly precision: Interval
  readonly aucs: readonly number[]
}

/** A case with its figures. */
interface CaseFigures {
  readonly title: string
  readonly sought: string
  readonly dataset: string
  readonly cases: readonly number[]
  readonly planted: readonly number[]
  readonly shares: readonly number[]
  readonly weights: Readonly<Record<string, readonly number[]>>
  readonly bar?: number
  readonly judges: readonly JudgeFigures[]
}

const how =
  'An AUC is the chance that a case that is sought is more suspicious than one that is not. It is the mean over the seeds, each of which plants anew; its interval is made of DeLong’s for each. The precision is that of as many suspects as are sought. Nothing here chose anything: the weights come from the contrast of the data with drawn stand-ins.'

/** Judges every case with each seed, and writes NAME.json, NAME.md and NAME.svg. */
export async function runPlanted(
  { name, title, about, planted, seeds = usualSeeds }: PlantedExperiment,
  { dataRoot, out, runs = join('runs', 'experiments'), say }: RunPlace,
): Promise<{ page: string; files: string[] }> {
  const found: CaseFigures[] = []
  for (const one of planted({ dataRoot })) {
    const judged: Judged[] = []
    for (const seed of seeds) {
      const { folder } = await preparedDataset(one.dataset.recipe(seed), join(runs, 'data'), say)
      judged.push(await one.judge(await loadDataset(folder), seed))
      say(`${one.dataset.label}, seed ${seed}: judged`)
    }
    found.push(figuresOf(one, judged))
  }
  return writePageFiles(out, {
    experiment: { name, title, about },
    how,
    table: found.map(sectionOf).join('\n\n'),
    numbers: { seeds, cases: found },
    plot: { title, panels: found.map(panelOf) },
  })
}

function figuresOf({ title, dataset, bar, sought = 'Planted' }: PlantedCase, judged: readonly Judged[]): CaseFigures {
  const names = Object.keys(judged[0]?.suspicion ?? {})
  const figures = names.map((judge): JudgeFigures => {
    const each = judged.map(({ suspicion, planted }) => {
      const scores = suspicion[judge] as Float64Array
      return { auc: meanAucInterval([scores], planted), precision: precisionOf(scores, planted) }
    })
    const [auc, precision] = [meanOf(each.map((one) => one.auc)), meanOf(each.map((one) => one.precision))]
    return { judge, auc, precision, aucs: each.map((one) => rounded(one.auc.mean)) }
  })
  const oracle = figures.find(({ judge }) => judge === judges.oracle)?.auc.mean ?? Number.NaN
  const wanted = bar && ('auc' in bar ? bar.auc : 0.5 + bar.shareOfOracle * (oracle - 0.5))
  const weights = Object.keys(judged[0]?.weights ?? {})
  return {
    title,
    sought,
    dataset: dataset.label,
    cases: judged.map(({ planted }) => planted.length),
    planted: judged.map(({ planted }) => planted.reduce((sum, one) => sum + one, 0)),
    shares: judged.map(({ share }) => rounded(share)),
    weights: Object.fromEntries(
      weights.map((signal) => [signal, judged.map((one) => rounded(one.weights[signal] ?? 0))]),
    ),
    ...(wanted !== undefined && { bar: rounded(wanted) }),
    judges: figures,
  }
}

/** The mean of independent figures, with its interval. */
function meanOf(all: readonly Interval[]): Interval {
  const mean = all.reduce((sum, one) => sum + one.mean, 0) / all.length
  const half = Math.hypot(...all.map(({ low, high }) => (high - low) / 2)) / all.length
  return { mean: rounded(mean), low: rounded(mean - half), high: rounded(Math.min(1, mean + half)) }
}

function precisionOf(scores: Float64Array, planted: Uint8Array): Interval {
  const wanted = planted.reduce((sum, one) => sum + one, 0)
  const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number))
  const mean = order.slice(0, wanted).reduce((sum, at) => sum + (planted[at] as number), 0) / wanted
  const half = normal95 * Math.sqrt((mean * (1 - mean)) / wanted)
  return { mean, low: mean - half, high: mean + half }
}

const printed = ({ mean, low, high }: Interval): string => `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`
const list = (numbers: readonly number[], digits: number): string =>
  numbers.map((one) => one.toFixed(digits)).join(', ')

function sectionOf({
  title,
  sought,
  dataset,
  cases,
  planted,
  shares,
  weights,
  bar,
  judges: figures,
}: CaseFigures): string {
  const rows = figures.map(({ judge, auc, precision, aucs }) => [
    judge,
    printed(auc),
    list(aucs, 3),
    printed(precision),
  ])
  const table = markdownTable(['judged by', 'AUC', 'of each seed', 'precision at the planted share'], rows)
  const reached = figures.find(({ judge }) => judge === judges.audit)?.auc.mean ?? Number.NaN
  const told =
    bar === undefined ? 'No bar was set.' : `The bar is ${bar.toFixed(4)}: ${reached >= bar ? 'reached' : 'missed'}.`
  const counts = cases.map((all, at) => `${planted[at]} of ${all} (${percent(planted[at] as number, all)})`).join('; ')
  const signals = Object.entries(weights).map(([signal, each]) => `${signal} ${list(each, 2)}`)
  return [
    `## ${dataset}: ${title}`,
    `${sought}, by seed: ${counts}. The audit’s own estimate of that share: ${shares.map((share) => percent(share, 1)).join(', ')}. ${told}`,
    table,
    `Weights of the signals, in standard deviations, by seed: ${signals.join('; ')}.`,
  ].join('\n\n')
}

function panelOf({ title, dataset, judges: figures, bar }: CaseFigures): Panel {
  const points = figures.map(({ judge, auc }) => ({ x: judge, ...auc }))
  const bars =
    bar === undefined ? [] : [{ name: 'the bar', points: figures.map(({ judge }) => ({ x: judge, mean: bar })) }]
  const what = title.split(':')[0] as string
  return { title: `${what}, ${dataset}`, x: 'judged by', y: 'AUC', series: [{ name: 'AUC', points }, ...bars] }
}
