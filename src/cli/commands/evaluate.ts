/** @file `siftrec evaluate`: how good runs are, side by side on the same targets. */
import { Command, Option } from 'commander'
import { clickNoise, printClickNoise } from '../../audit/click-noise.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { compareRanks, type Report, reportOf } from '../../evaluate/evaluate.ts'
import { rankTargets, type TargetRanks } from '../../evaluate/rank.ts'
import { printInterval, printReports } from '../../evaluate/report.ts'
import { isClickRun, openRun } from '../../runs/open-run.ts'
import { readTruth } from '../../simulate/shop.ts'
import { evaluateClicks } from '../click-evaluation.ts'
import { whole } from '../values.ts'

/** What is evaluated. */
interface Wanted {
  readonly part: 'validation' | 'test'
  readonly split?: string
  readonly k: number[]
  readonly seed: number
  readonly data?: string
}
interface Flags extends Wanted {
  readonly json?: boolean
  readonly truth?: string
  readonly reliability?: string
}

/** `evaluate RUN...` */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description(
      'evaluate runs: HR, NDCG and MRR, full catalog and 99 sampled negatives apart; of models of clicks AUC, GAUC, log loss and calibration',
    )
    .argument('<run...>', 'folders of runs on one dataset and split')
    .addOption(new Option('--part <name>', 'which targets').choices(['validation', 'test']).default('test'))
    .addOption(
      new Option('--split <protocol>', 'check that the runs were trained on this split').choices([
        'leave-one-out',
        'time',
        'given',
      ]),
    )
    .option('--k <lengths>', 'list lengths', (text) => text.split(',').map((part) => whole('--k', part)), [10, 20])
    .option('--seed <number>', 'draws the sampled negatives and the intervals', (text) => whole('--seed', text, 0), 1)
    .option('--data <folder>', 'where the dataset lies now')
    .option('--truth <shop>', 'a simulated shop: also tell how well denoising finds its accidental clicks')
    .option('--json', 'print JSON')
    .option('--reliability <file>', 'of models of clicks: draw predicted against observed shares as SVG')
    .action(async (folders: string[], flags: Flags) => {
      if (folders.every(isClickRun)) return evaluateClicks(folders, flags)
      const { reports, ranks } = await evaluateRuns(folders, flags)
      process.stdout.write(
        flags.json ? `${JSON.stringify(reports, null, 2)}\n` : `${printEvaluation(reports, ranks, flags.seed)}\n`,
      )
      if (flags.truth === undefined) return
      const truth = readTruth(flags.truth)
      for (const folder of folders) {
        await using opened = await openRun(folder, flags.data === undefined ? {} : { data: flags.data })
        process.stdout.write(printClickNoise(folder, await clickNoise(opened, truth)))
      }
    })
}

/** What was measured of each run: its report, and the ranks it is made of. */
interface Evaluation {
  readonly reports: Report[]
  readonly ranks: TargetRanks[]
}

/** Evaluates runs one after another, the dataset loaded once. */
export async function evaluateRuns(
  folders: readonly string[],
  { part, split, k, seed, data }: Wanted,
): Promise<Evaluation> {
  const made: Evaluation = { reports: [], ranks: [] }
  let dataset: Dataset | undefined
  for (const folder of folders) {
    await using opened = await openRun(folder, {
      ...(data === undefined ? {} : { data }),
      ...(dataset ? { dataset } : {}),
    })
    dataset = opened.dataset
    if (split !== undefined && split !== opened.split.protocol) throw otherSplit(folder, split, opened.split.protocol)
    const options = { part, seed, ks: k, maxLength: opened.maxLength, sampled: canSample(dataset) }
    const ranks = await rankTargets(opened.scorer, dataset, opened.split, options)
    made.ranks.push(ranks)
    made.reports.push(reportOf(ranks, dataset, opened.split, options))
  }
  return made
}

/** Whether 99 negatives can be drawn for every user; where they cannot, the table is left out. */
function canSample({ catalog, events }: Dataset): boolean {
  const most = events.start.reduce((most, start, user) => Math.max(most, start - (events.start[user - 1] ?? 0)), 0)
  return catalog.ids.length - 1 - most >= 99
}

/** The tables, and the first model against each other one. */
export function printEvaluation(reports: readonly Report[], ranks: readonly TargetRanks[], seed: number): string {
  const [first, ...others] = ranks
  const lines = others.map((other) => {
    const difference = compareRanks(first as TargetRanks, other, { metric: 'ndcg', k: 10, seed })
    return `${first?.model} less ${other.model}, NDCG@10, full catalog, same targets: ${printInterval(difference)}`
  })
  return [printReports(reports, { plain: !process.stdout.isTTY }), ...(lines.length > 0 ? ['', ...lines] : [])].join(
    '\n',
  )
}

function otherSplit(folder: string, wanted: string, trained: string): UserError {
  const hint = `it has seen targets of another split while training; train again with --split ${wanted}`
  return new UserError({
    where: '--split',
    problem: 'mismatched',
    value: wanted,
    expected: `${trained}, which ${folder} was trained on`,
    hint,
  })
}
