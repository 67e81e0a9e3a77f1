/** @file `siftrec train`: a model from a prepared dataset, and on from where one was stopped. */
import { join } from 'node:path'
import { Command } from 'commander'
import { loadDataset } from '../../dataset/load.ts'
import { UserError } from '../../errors.ts'
import { trainingConfig } from '../../learn/config.ts'
import { isTrained, modelOf, modelSlugs, validationMetric } from '../../models/registry.ts'
import { durationText, type ProgressReport, reportProgress } from '../../runs/progress.ts'
import { readRun } from '../../runs/run-file.ts'
import { splitConfigOf } from '../../runs/split-config.ts'
import { type RunResult, resumeRun, trainRun } from '../../runs/train-run.ts'
import { exitCodes } from '../failure.ts'
import { addFlags, givenFlags } from '../flags.ts'
import { interruptible } from '../interrupt.ts'

type Flags = Readonly<Record<string, unknown>> & {
  readonly out?: string
  readonly overwrite?: boolean
  readonly resume?: boolean
}

/** `train MODEL DATA`, one subcommand a model, so that each has its own flags; and `train --resume RUN`. */
export function trainCommand(): Command {
  const train = new Command('train')
    .description('train a model on a prepared dataset')
    .usage('<model> <data> [options]\n       siftrec train --resume <run>')
    .argument('[model]', `one of ${modelSlugs.join(', ')}`)
    .option('--resume <run>', 'go on with a run that was stopped, to the same bytes it would have written')
    .option('--data <folder>', 'with --resume: where the dataset lies now')
    // So that a misspelled model is told as such, whatever options follow it.
    .allowExcessArguments()
    .allowUnknownOption()
    .action(async (model: string | undefined, { resume, data }: { resume?: string; data?: string }) => {
      if (model !== undefined) modelOf(model)
      if (resume === undefined)
        throw new UserError({
          where: 'train',
          problem: 'missing',
          value: 'a model',
          expected: `one of ${modelSlugs.join(', ')}`,
        })
      await goOn(resume, data)
    })
  for (const slug of modelSlugs) train.addCommand(modelCommand(slug))
  return train
}

function modelCommand(slug: string): Command {
  const model = modelOf(slug)
  const command = new Command(slug)
    .description(`train ${slug}`)
    .argument('<data>', 'folder of a prepared dataset')
    .option('--out <run>', 'folder to write; by default runs/NAME-MODEL')
    .option('--overwrite', 'replace the run that is there')
    .option('--resume', 'go on with this very run in --out')
  addFlags(command, model.config, 'Model:')
  if (isTrained(model)) addFlags(command, trainingConfig, 'Training:')
  addFlags(command, splitConfigOf(slug), 'Split:')
  return command.action((data: string, flags: Flags) => start(slug, data, flags))
}

async function start(slug: string, data: string, flags: Flags): Promise<void> {
  const dataset = await loadDataset(data)
  const { out = join('runs', `${dataset.manifest.name}-${slug}`), overwrite = false, resume = false } = flags
  const training = givenFlags(trainingConfig, flags)
  const progress = reportProgress(process.stderr, Number(training['epochs'] ?? trainingConfig.parse({}).epochs))
  const settings = {
    model: slug,
    dataset,
    out,
    overwrite,
    resume,
    config: givenFlags(modelOf(slug).config, flags),
    training,
  }
  await watch(progress, (signal) =>
    trainRun({ ...settings, split: givenFlags(splitConfigOf(slug), flags), signal, report: progress.report }),
  )
}

async function goOn(folder: string, data: string | undefined): Promise<void> {
  const progress = reportProgress(process.stderr, readRun(folder).training?.epochs ?? 0)
  await watch(progress, (signal) =>
    resumeRun(folder, { signal, report: progress.report, ...(data === undefined ? {} : { data }) }),
  )
}

async function watch(progress: ProgressReport, work: (signal: AbortSignal) => Promise<RunResult>): Promise<void> {
  const began = performance.now()
  const { status, best, epochs, folder, run } = await interruptible(work).finally(progress.done)
  if (status === 'interrupted') {
    process.stderr.write(`stopped in epoch ${epochs + 1}, saved. go on with: siftrec train --resume ${folder}\n`)
    process.exitCode = exitCodes.interrupted
    return
  }
  const took = durationText((performance.now() - began) / 1e3)
  const how = best
    ? `, best validation ${validationMetric(run.model)} ${best.validation.toFixed(4)} in epoch ${best.epoch} of ${epochs}`
    : ''
  process.stdout.write(`${run.model} trained in ${took}${how}\nsaved in ${folder}; next: siftrec evaluate ${folder}\n`)
}
