/** @file `siftrec evaluate`: measures runs side by side, on the same targets. */
import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { negativeCount } from '../../dataset/negatives.ts'
import { UserError } from '../../errors.ts'
import { baseRateName } from '../../evaluate/clicks.ts'
import { clickMetrics, rankMetrics } from '../../metrics/table.ts'
import type { ClickEvaluation, RankEvaluation, Wanted } from '../evaluation.ts'
import { dataWords } from '../later.ts'
import { tellMemory } from '../memory.ts'
import { whole } from '../values.ts'

type Evaluation = RankEvaluation | ClickEvaluation
interface Flags extends Wanted {
  readonly json?: boolean
  readonly out?: string
  readonly truth?: string
  readonly reliability?: string
}

/** `evaluate RUN...` */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description(
      `measure trained models: ${listed(rankMetrics)} in the full catalog and among ${negativeCount} sampled items; for models of clicks ${listed(clickMetrics.map(([, metric]) => metric))}`,
    )
    .argument('<run...>', 'folders of trained models, all on one dataset and split')
    .addOption(
      new Option('--part <name>', 'which targets to evaluate on').choices(['validation', 'test']).default('test'),
    )
    .addOption(
      new Option('--split <protocol>', 'fail unless the models were trained on this split').choices([
        'leave-one-out',
        'time',
        'given',
      ]),
    )
    .option(
      '--k <lengths>',
      'lengths of the recommended list to measure, separated by commas',
      (text) => text.split(',').map((part) => whole('--k', part)),
      [10, 20],
    )
    .option(
      '--slices <names>',
      'slices of the targets that have figures of their own, separated by commas: coldStart, emptyHistory, behavior:NAME (default: coldStart,emptyHistory)',
      (text) => text.split(',').map((part) => part.trim()),
    )
    .option(
      '--seed <number>',
      'seed of the sampled items and of the bootstrap intervals',
      (text) => whole('--seed', text, 0),
      1,
    )
    .option('--data <folder>', dataWords)
    .option('--truth <shop>', 'folder of the simulated shop: also print how well denoising finds its accidental clicks')
    .option('--json', 'print JSON instead of tables')
    .option('--out <file>', 'also write figures and differences to a file that ends in .json, .csv or .md')
    .option(
      '--reliability <file>',
      'for models of clicks: write an SVG plot of predicted against observed shares of clicks',
    )
    .action(async (folders: string[], flags: Flags) => {
      refuseLength(folders)
      const { kindOf, writeEvaluation } = await import('../evaluation-file.ts')
      if (flags.out !== undefined) kindOf(flags.out)
      const { evaluateRuns, printEvaluation } = await import('../evaluation.ts')
      const { reportCounts } = await import('../../runs/progress.ts')
      const progress = reportCounts(process.stderr)
      const evaluation = await evaluateRuns(folders, {
        ...flags,
        tellMemory,
        counted: progress.counted,
        note: (line) => process.stderr.write(`${line}\n`),
      }).finally(progress.done)
      const { reports } = evaluation
      process.stdout.write(
        flags.json ? `${JSON.stringify(reports, null, 2)}\n` : `${printEvaluation(evaluation, flags.seed)}\n`,
      )
      for (const name of emptySlices(evaluation, flags.slices))
        process.stderr.write(`no target is in the slice ${name}\n`)
      if (flags.out !== undefined) await writeEvaluation(flags.out, evaluation, flags.seed)
      if (flags.reliability !== undefined) await drawReliability(evaluation, flags.reliability)
      if (flags.truth !== undefined) await printTruth(folders, flags.truth, flags.data)
    })
}

/** @throws UserError `invalid` for a number among the runs, which was meant for --k */
function refuseLength(folders: readonly string[]): void {
  const number = folders.find((folder) => /^\d+$/.test(folder) && !existsSync(folder))
  if (number === undefined) return
  const hint = 'write lengths with commas between them: --k 5,50'
  throw new UserError({
    where: 'evaluate',
    problem: 'invalid',
    value: number,
    expected: 'folders of trained models',
    hint,
  })
}

/** Metrics in a sentence. */
const listed = (metrics: readonly { readonly printed: string }[]): string =>
  new Intl.ListFormat('en-GB').format(metrics.map(({ printed }) => printed))

/** The named slices that no target is in. */
function emptySlices(evaluation: Evaluation, slices: readonly string[] = []): string[] {
  return evaluation.kind === 'ranks'
    ? slices.filter((name) => evaluation.reports.every((report) => !(name in report.slices)))
    : []
}

/** @throws UserError `unsupported` for runs that do not predict clicks */
async function drawReliability(evaluation: Evaluation, file: string): Promise<void> {
  if (evaluation.kind === 'ranks') {
    const expected = 'runs of models of clicks'
    throw new UserError({
      where: '--reliability',
      problem: 'unsupported',
      value: 'runs that rank the next item',
      expected,
    })
  }
  const { drawPlot } = await import('../../experiment/figures/plot.ts')
  const { reliabilityPlot } = await import('../../experiment/figures/reliability-plot.ts')
  const { writeAtomically } = await import('../../storage/atomic.ts')
  // The constant has a single point: the models alone are drawn.
  const models = evaluation.reports.filter(({ model }) => model !== baseRateName)
  await writeAtomically(file, drawPlot(reliabilityPlot(models)))
}

async function printTruth(folders: readonly string[], shop: string, data: string | undefined): Promise<void> {
  const { clickNoise, printClickNoise } = await import('../../audit/click-noise.ts')
  const { openRun } = await import('../../runs/open-run.ts')
  const { readTruth } = await import('../../simulate/shop.ts')
  const truth = readTruth(shop)
  for (const folder of folders) {
    await using opened = await openRun(folder, data === undefined ? {} : { data })
    process.stdout.write(printClickNoise(folder, await clickNoise(opened, truth)))
  }
}
