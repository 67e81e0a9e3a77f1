/** @file `siftrec train`: trains a model on a prepared dataset, or continues a training that was stopped. */
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type * as z from 'zod'
import type { Dataset } from '../../dataset/schema.ts'
import { oneOf, UserError } from '../../errors.ts'
import { trainingConfig } from '../../learn/config.ts'
import { betterOf, isBetter, printedFigure } from '../../metrics/table.ts'
import { modelOf, modelSlugs } from '../../models/registry.ts'
import type { ProgressReport } from '../../runs/progress.ts'
import type { SplitInput } from '../../runs/split-config.ts'
import { printedMetric, splitSettings, taskOptions } from '../../runs/task-options.ts'
import type { RunResult } from '../../runs/train-run.ts'
import { exitCodes } from '../failure.ts'
import { addFlags, givenFlags } from '../flags.ts'
import { interruptible } from '../interrupt.ts'
import { onAllRanks, type Stage } from '../ranks.ts'
import { optionsInFile, type Size, sizes, widthsOf } from '../train-options.ts'
import { minutes } from '../values.ts'

type Flags = Readonly<Record<string, unknown>> & {
  readonly out?: string
  readonly overwrite?: boolean
  readonly resume?: boolean
  readonly config?: string
  readonly preset?: Size
  readonly checkpointMinutes?: number
  readonly shardItems?: boolean
}

/** Flags of `train --resume RUN`. */
interface ResumeFlags {
  readonly resume?: string | undefined
  readonly data?: string | undefined
  readonly epochs?: string | undefined
  readonly checkpointMinutes?: number
  readonly shardItems?: boolean
}

/** How often a training is saved: beside its settings, since the result is the same. */
const checkpointOption = (): Option =>
  new Option(
    '--checkpoint-minutes <number>',
    'also save every so many minutes within an epoch; by default only after each epoch',
  ).argParser((text) => minutes('--checkpoint-minutes', text))

/** How the memory of ranks is used: beside a run's settings too, since the result is the same. */
const shardOption = (): Option =>
  new Option(
    '--shard-items',
    'with mpirun: each rank holds a share of the rows of the item table, for tables that do not fit into one process (docs/scale.md)',
  )

/** `train MODEL DATA`, with a subcommand for each model so that each has its own flags, and `train --resume RUN`. */
export function trainCommand(): Command {
  const train = new Command('train')
    .description('train a model on a prepared dataset')
    .usage('<model> <data> [options]\n       siftrec train --resume <run>')
    .argument('[model]', `one of ${modelSlugs.join(', ')}`)
    .option('--resume <run>', 'continue a stopped training; the result has the same bytes as without the stop')
    .option('--data <folder>', 'with --resume: the dataset folder, if it has moved since training')
    .option('--epochs <number>', 'with --resume: most passes from now on; a run that ended at its last one goes on')
    .addOption(checkpointOption())
    .addOption(shardOption())
    // A misspelled model shall be reported as such, whatever options follow it.
    .allowExcessArguments()
    .allowUnknownOption()
    .action(async (model: string | undefined, { resume, ...flags }: ResumeFlags, command: Command) => {
      if (resume !== undefined) refuseOthers(command.args)
      if (model !== undefined) modelOf(model)
      if (resume === undefined)
        throw new UserError({
          where: 'train',
          problem: 'missing',
          value: 'a model',
          expected: oneOf(modelSlugs),
        })
      await onAllRanks((stage) => goOn(resume, flags, stage))
    })
  for (const slug of modelSlugs) train.addCommand(modelCommand(slug))
  return train
}

function modelCommand(slug: string): Command {
  const model = modelOf(slug)
  const command = new Command(slug)
    .description(`train ${slug} on a prepared dataset`)
    .argument('<data>', 'folder of a prepared dataset')
    .option('--out <run>', 'folder to write; by default runs/DATASET-MODEL')
    .option('--overwrite', 'replace a trained model that is already in --out')
    .option('--resume', 'continue the training in --out, which must have the same settings')
    .addOption(checkpointOption())
    .option('--config <yaml>', 'a file of options, each by its name in docs/models.md; a flag wins over it')
    .addOption(
      new Option('--preset <size>', 'how wide the model is: half of its usual width, usual, or twice')
        .choices(Object.keys(sizes))
        .default('medium'),
    )
  addFlags(command, model.config, 'Model:')
  const { training } = taskOptions(slug)
  if (training) addFlags(command.addOption(shardOption()), training, 'Training:')
  addFlags(command, taskOptions(slug).split, 'Split:')
  return command.action((data: string, flags: Flags) => onAllRanks((stage) => start(slug, data, flags, stage)))
}

async function start(slug: string, data: string, flags: Flags, stage: Stage): Promise<void> {
  const { ranks } = stage
  const { loadDataset } = await import('../../dataset/load.ts')
  const dataset = await loadDataset(data)
  const { out = join('runs', `${dataset.manifest.name}-${slug}`), overwrite = false, resume = false } = flags
  const { config: file, preset = 'medium', checkpointMinutes, shardItems } = flags
  const model = modelOf(slug)
  const { training: trainingOptions, split: splitOptions } = taskOptions(slug)
  const inFile = file
    ? optionsInFile(file, [model.config, ...(trainingOptions ? [trainingOptions] : []), splitOptions])
    : {}
  const given = (schema: z.ZodType): Record<string, unknown> => givenFlags(schema, flags, inFile)
  // Every rank has a core of its own, if mpirun is left to itself.
  const usual: Record<string, unknown> = ranks && trainingOptions ? { threads: 1 } : {}
  const training = { ...usual, ...(trainingOptions && given(trainingOptions)) }
  const split = given(splitOptions)
  await tellFirst(slug, dataset, split, stage)
  if (ranks) stage.err.write(`${ranks.size} ranks: each step has a batch of every one\n`)
  const { reportProgress } = await import('../../runs/progress.ts')
  const { trainRun } = await import('../../runs/train-run.ts')
  const progress = reportProgress(stage.err, Number(training['epochs'] ?? trainingConfig.parse({}).epochs))
  const settings = {
    model: slug,
    dataset,
    out,
    overwrite,
    resume,
    config: { ...widthsOf(preset, model.config), ...given(model.config) },
    training,
    ...(checkpointMinutes !== undefined && { checkpointMinutes }),
    ...(shardItems && { shardItems }),
  }
  await watch(stage, progress, (signal) => trainRun({ ...settings, split, signal, ranks, report: progress.report }))
}

/** Says which question is asked, whether the last item would win, and whether the model lacks what it reads. */
async function tellFirst(slug: string, dataset: Dataset, given: SplitInput, { err }: Stage): Promise<void> {
  const { askedLines } = await import('../../describe/asked-lines.ts')
  const { missingContent } = await import('../../describe/missing-content.ts')
  const lines = [...askedLines(dataset, splitSettings(slug, dataset, given)), ...missingContent(modelOf(slug), dataset)]
  for (const line of lines) err.write(`${line}\n`)
}

/** What else was written beside --resume. @throws UserError `unsupported`, since a run keeps its settings */
function refuseOthers([first]: readonly string[]): void {
  if (first === undefined) return
  throw new UserError({
    where: 'train --resume',
    problem: 'unsupported',
    value: first,
    expected: '--data or --epochs alone',
    hint: 'a run goes on with the settings it was started with',
  })
}

async function goOn(folder: string, flags: Omit<ResumeFlags, 'resume'>, stage: Stage): Promise<void> {
  const { data, epochs, checkpointMinutes, shardItems } = flags
  const { ranks, err } = stage
  const { reportProgress } = await import('../../runs/progress.ts')
  const { readRun } = await import('../../runs/run-file.ts')
  const { resumeRun } = await import('../../runs/train-run.ts')
  const progress = reportProgress(err, Number(epochs ?? readRun(folder).training?.epochs ?? 0))
  await watch(stage, progress, (signal) =>
    resumeRun(folder, {
      signal,
      ranks,
      report: progress.report,
      ...(data !== undefined && { data }),
      ...(checkpointMinutes !== undefined && { checkpointMinutes }),
      ...(shardItems && { shardItems }),
      ...(epochs !== undefined && { epochs: epochs.trim() === '' ? epochs : Number(epochs) }),
    }),
  )
}

async function watch(
  { ranks, out, err }: Stage,
  progress: ProgressReport,
  work: (signal: AbortSignal) => Promise<RunResult>,
): Promise<void> {
  const began = performance.now()
  const { countedAhead, aheadText } = await import('../../runs/counted-ahead.ts')
  const { result, seconds, ahead } = await interruptible(
    async (signal) => {
      const result = await work(signal)
      const seconds = (performance.now() - began) / 1e3
      const speaks = ranks === undefined || ranks.rank === 0
      return { result, seconds, ahead: speaks ? await countedAhead(result, { signal, report: progress.report }) : [] }
    },
    { err },
  ).finally(progress.done)
  const { status, best, epochs, folder, run, constant } = result
  if (status === 'interrupted') {
    err.write(`stopped in epoch ${epochs + 1}, saved. go on with: siftrec train --resume ${folder}\n`)
    process.exitCode = exitCodes.interrupted
    return
  }
  const { durationText } = await import('../../runs/progress.ts')
  const { idleText } = await import('../../runs/idle-text.ts')
  const took = durationText(seconds)
  const what = (value: number | null): string =>
    value === null
      ? 'without validation targets, lowest training loss'
      : `best validation ${printedMetric(run.model)} ${value.toFixed(4)}`
  const how = best ? `, ${what(best.validation)} in epoch ${best.epoch} of ${epochs}` : ''
  const lines = [
    `${run.model} trained in ${took}${how}`,
    `saved in ${folder}; next: siftrec evaluate ${folder}`,
    ...(ahead.length > 0 ? [aheadText(result, ahead)] : []),
    ...idleText(result),
    ...useless(run.model, best?.validation ?? null, constant),
  ]
  out.write(`${lines.join('\n')}\n`)
}

/** A line for a model whose best epoch is no better than a constant. */
function useless(model: string, validation: number | null, constant: number | undefined): string[] {
  if (validation === null || constant === undefined) return []
  const { metric } = taskOptions(model)
  if (isBetter(betterOf(metric), validation, constant)) return []
  return [
    `its probabilities are no better than a constant: the base rate has a validation ${printedFigure(metric)} of ${constant.toFixed(4)}`,
  ]
}
