/** @file How good runs of models of clicks are, side by side on the same impressions. */
import type { Dataset } from '../dataset/schema.ts'
import {
  type ClickReport,
  clickReport,
  compareClicks,
  type Predictions,
  printClickReports,
} from '../evaluate/clicks.ts'
import { printInterval } from '../evaluate/report.ts'
import { reliabilityPlot } from '../experiment/figures/reliability-plot.ts'
import { predictionsOf } from '../rank/click-predictor.ts'
import { openClickRun } from '../runs/open-run.ts'
import { writeAtomically } from '../storage/atomic.ts'

/** What `siftrec evaluate` is asked of runs of clicks. */
interface Wanted {
  readonly part: 'validation' | 'test'
  readonly data?: string
  readonly json?: boolean
  readonly reliability?: string
}

/** Prints the reports of runs, and the first against each other one. */
export async function evaluateClicks(
  folders: readonly string[],
  { part, data, json, reliability }: Wanted,
): Promise<void> {
  const made: Predictions[] = []
  let dataset: Dataset | undefined
  for (const folder of folders) {
    await using run = await openClickRun(folder, {
      ...(data === undefined ? {} : { data }),
      ...(dataset && { dataset }),
    })
    dataset = run.dataset
    made.push(await predictionsOf(run, part))
  }
  const reports = made.map(clickReport)
  process.stdout.write(json ? `${JSON.stringify(reports, null, 2)}\n` : `${printed(reports, made)}\n`)
  if (reliability === undefined) return
  const { drawPlot } = await import('../experiment/figures/plot.ts')
  await writeAtomically(reliability, drawPlot(reliabilityPlot(reports)))
}

function printed(reports: readonly ClickReport[], [first, ...others]: readonly Predictions[]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  const lines = others.map((other) => {
    const { difference, relaImpr, aucRatio } = compareClicks(first as Predictions, other)
    const improved = `RelaImpr ${percent(relaImpr)} (Yan et al.), AUC ratio ${percent(aucRatio)}`
    return `${first?.model} less ${other.model}, AUC, same impressions: ${printInterval(difference)}; ${improved}`
  })
  return [
    printClickReports(reports, { plain: !process.stdout.isTTY }),
    ...(lines.length > 0 ? ['', ...lines] : []),
  ].join('\n')
}
