/** @file `siftrec tune`: searches a model's options by validation, and says how to train the best. */
import { join } from 'node:path'
import { Command } from 'commander'
import { returnedText } from '../../jobs/job.ts'
import { modelOf, modelSlugs } from '../../models/registry.ts'
import { printedMetric, taskOptions } from '../../runs/task-options.ts'
import type { TrialEvent } from '../../tune/trial-jobs.ts'
import type { Found, Trial } from '../../tune/tune.ts'
import { exitCodes } from '../failure.ts'
import { flagText, givenFlags } from '../flags.ts'
import { interruptible } from '../interrupt.ts'
import { openedQueue } from '../opened-queue.ts'
import { optionsInFile } from '../train-options.ts'
import { hours, storageAddress, whole } from '../values.ts'

interface Flags {
  readonly trials: number
  readonly hours?: number
  readonly epochs: number
  readonly options?: readonly string[]
  readonly config?: string
  readonly seed: number
  readonly out?: string
  readonly jobs?: number
  readonly queue?: string
  readonly storage?: string
}

/** How many trials are printed. */
const shown = 10

/** `tune MODEL DATA` */
export function tuneCommand(): Command {
  const number = (flag: string, least: number) => (text: string) => whole(flag, text, least)
  return new Command('tune')
    .description(
      'search the options of a model by validation alone: all trials train a little, the best third goes on three times as long, and again; started anew, the search goes on where it was',
    )
    .argument('<model>', `one of ${modelSlugs.join(', ')}`)
    .argument('<data>', 'folder of a prepared dataset')
    .option('--trials <number>', 'option sets to try; the first has the defaults', number('--trials', 2), 20)
    .option('--hours <number>', 'stop after so much time, with the best so far', (text: string) =>
      hours('--hours', text),
    )
    .option('--epochs <number>', 'most epochs of a trial that stays to the end', number('--epochs', 1), 50)
    .option(
      '--options <names>',
      'what is searched, separated by commas, by the names in docs/models.md; by default learning rate, batch size, decay, dropout, widths and weights of losses',
      (text: string) => text.split(','),
    )
    .option('--config <yaml>', 'a file of options that all trials have, split options included')
    .option('--seed <number>', 'seed of the search and of every training', number('--seed', 0), 1)
    .option('--out <folder>', 'folder of the search; by default runs/tune-DATASET-MODEL')
    .option('--jobs <number>', 'how many trials train at once, each on one thread (default: 1)', number('--jobs', 1))
    .option(
      '--queue <url>',
      'a Redis, such as redis://host:6379, through which processes of siftrec worker on any host train the trials',
    )
    .option(
      '--storage <address>',
      'where trials, the dataset and the search are kept, such as s3://bucket/search: S3-compatible storage, for workers of a queue that share no folder',
      storageAddress,
    )
    .action(search)
}

async function search(
  slug: string,
  data: string,
  { hours: most, options: names, config, ...flags }: Flags,
): Promise<void> {
  const model = modelOf(slug)
  const { training, split } = taskOptions(slug)
  const inFile =
    config === undefined ? {} : optionsInFile(config, [model.config, ...(training ? [training] : []), split])
  const fixed = {
    config: givenFlags(model.config, {}, inFile),
    training: training ? givenFlags(training, {}, inFile) : {},
    split: givenFlags(split, {}, inFile),
  }
  const { loadDataset } = await import('../../dataset/load.ts')
  const { reportProgress } = await import('../../runs/progress.ts')
  const { trialFolder, tune } = await import('../../tune/tune.ts')
  const dataset = await loadDataset(data)
  const {
    out = join('runs', `tune-${dataset.manifest.name}-${slug}`),
    trials,
    epochs,
    seed,
    queue: url,
    storage,
  } = flags
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  await using queue = url === undefined ? undefined : await openedQueue(url, say, flags.jobs)
  const { jobs = 1 } = flags
  // Epochs of several trials would be mixed in one line.
  const alone = url === undefined && jobs === 1
  const progress = reportProgress(process.stderr, epochs)
  const timeUp = most === undefined ? undefined : AbortSignal.timeout(most * 3_600_000)
  const found = await interruptible(
    (signal) =>
      tune({
        model: slug,
        dataset,
        out,
        trials,
        epochs,
        seed,
        fixed,
        names,
        signal: timeUp ? AbortSignal.any([signal, timeUp]) : signal,
        jobs,
        queue,
        storage,
        say,
        ...(alone ? { report: progress.report } : { told: (event) => sayOf(event, slug, say) }),
        began: (round, trial, drawn) =>
          say(`round ${round + 1}, trial ${trial}: ${optionsText(drawn) || 'the defaults'}`),
      }),
    { what: 'finishing this step and saving; the same command goes on' },
  ).finally(progress.done)
  const { writeTunePlot } = await import('../tune-plot.ts')
  if (found.trials.length > 0) await writeTunePlot(out, slug, found)
  const told = { out, folderOf: (trial: number) => trialFolder(out, trial), found, fixed: config, epochs, seed }
  // Several trials have one thread each, unless the file says otherwise.
  const threads = alone || 'threads' in fixed.training ? undefined : 1
  process.stdout.write(`${foundText(slug, data, { ...told, threads })}\n`)
  if (!found.finished && timeUp?.aborted !== true) process.exitCode = exitCodes.interrupted
}

/** Says what became of one of several trials. */
function sayOf(event: TrialEvent, slug: string, say: (line: string) => void): void {
  if (event.kind === 'training') return
  const { label } = event.job
  const worker = event.worker === undefined ? '' : `, ${event.worker}`
  if (event.kind === 'ended') {
    const value = event.result === null ? 'failed' : `validation ${printedMetric(slug)} ${event.result.toFixed(4)}`
    say(`${label}: ${value}, ${Math.round(event.seconds)} s${worker}`)
  } else if (event.kind === 'returned') say(`${label}: ${returnedText(event)}`)
  else if (event.worker !== undefined) say(`${label}: begun by ${event.worker}`)
}

const optionsText = ({ config, training }: Pick<Trial, 'config' | 'training'>): string =>
  Object.entries({ ...config, ...training })
    .map(([name, value]) => flagText(name, value))
    .join(' ')

interface Told {
  readonly out: string
  /** Where the run of a trial is. */
  readonly folderOf: (trial: number) => string
  readonly found: Found
  /** The file of fixed options. */
  readonly fixed: string | undefined
  readonly epochs: number
  readonly seed: number
  /** How many each trial had, where the search says so and not the file. */
  readonly threads: number | undefined
}

/** The best trials, and the command that trains the best of them. */
export function foundText(
  slug: string,
  data: string,
  { out, folderOf, found, fixed, epochs, seed, threads }: Told,
): string {
  const [best] = found.trials
  if (!best) return 'no trial has ended a round yet; the same command goes on'
  const metric = printedMetric(slug)
  const lines = found.trials.slice(0, shown).map((one) => {
    // A trial that went on may have failed later.
    const value = one.validation.findLast((one) => one !== null) as number
    return `  ${value.toFixed(4)}  trial ${one.trial}, round ${one.validation.length}: ${optionsText(one) || 'the defaults'}`
  })
  const given = [optionsText(best), ...(fixed === undefined ? [] : [`--config ${fixed}`])].filter((text) => text !== '')
  const command = [
    'siftrec train',
    slug,
    data,
    ...given,
    `--epochs ${epochs}`,
    `--seed ${seed}`,
    ...(threads === undefined ? [] : [`--threads ${threads}`]),
    `--out runs/${slug}-tuned`,
  ]
  const rounds = found.rounds
    .map(({ trials, epochs: until }) => `${trials} for ${until} ${until === 1 ? 'epoch' : 'epochs'}`)
    .join(', ')
  return [
    `validation ${metric} of ${found.trials.length} trials (${rounds}); the test part was not looked at`,
    ...lines,
    ...(found.finished ? [] : ['the search is not done: the same command goes on']),
    `the best is trained in ${folderOf(best.trial)}; to train it again:`,
    `  ${command.join(' ')}`,
    `plot: ${join(out, 'tune.svg')}`,
  ].join('\n')
}
