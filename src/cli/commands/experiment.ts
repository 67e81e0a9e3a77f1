/** @file `siftrec experiment`: runs or continues one of the named experiments, and prints its tables. */
import { Command } from 'commander'
import { UserError } from '../../errors.ts'
import type { DataExperiment, Experiment, PlantedExperiment, TimingExperiment } from '../../experiment/experiment.ts'
import type { RunPlace } from '../../experiment/harness/run-statistics.ts'
import { exitCodes } from '../failure.ts'
import { interruptible } from '../interrupt.ts'
import { openedQueue } from '../opened-queue.ts'
import { list, storageAddress, trainingSeeds, whole } from '../values.ts'

interface Flags {
  readonly seeds?: number[]
  readonly dataRoot: string
  readonly out?: string
  readonly jobs?: number
  readonly queue?: string
  readonly storage?: string
  readonly only?: string[]
  readonly tables?: string[]
  readonly models?: string[]
}

/** Names that may have commas. */
const titles = (text: string): string[] =>
  text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** `experiment [NAME]` */
export function experimentCommand(): Command {
  return new Command('experiment')
    .description(
      'run an experiment, one of ours or your own: train what is not done yet and write a page of results; without a name, list the experiments',
    )
    .argument(
      '[name]',
      'one of those that the command lists without it, or a YAML file of models, options, data sets and seeds; see docs/experiments.md',
    )
    .option(
      '--seeds <numbers>',
      'seeds of training, separated by commas, such as 1,2,3; by default those of the experiment',
      trainingSeeds,
    )
    .option('--data-root <folder>', 'folder that holds the data sets', '../shared/data')
    .option(
      '--out <folder>',
      'folder for the results: NAME.json, NAME.md and NAME.svg; by default docs/results, or results for your own experiments, which have NAME.html too',
    )
    .option('--jobs <number>', 'how many trainings run at once, each on one thread (default: 1)', (text: string) =>
      whole('--jobs', text),
    )
    .option(
      '--queue <url>',
      'a Redis, such as redis://host:6379, through which processes of siftrec worker on any host run the trainings',
    )
    .option(
      '--storage <address>',
      'where trained cells, the data that workers need and the results are kept, such as s3://bucket/experiments: S3-compatible storage, for workers of a queue that share no folder',
      storageAddress,
    )
    .option(
      '--only <variants>',
      'train only these variants or models, separated by commas, or by semicolons where a name has a comma; the table also shows others that are already done',
      (text) => (text.includes(';') ? titles(text) : list(text)),
    )
    .option('--tables <titles>', 'train only for these tables, by their titles, separated by semicolons', titles)
    .option('--models <slugs>', 'models to compare, separated by commas, in an experiment that takes any model', list)
    .action(async (name: string | undefined, flags: Flags) => {
      const { experimentOf, experiments } = await import('../../experiment/studies/experiments.ts')
      if (name === undefined) process.stdout.write(listing(experiments))
      else if (/\.ya?ml$/i.test(name)) {
        const { ownExperiment } = await import('../../experiment/studies/own-experiment.ts')
        await run(ownExperiment(name), { out: 'results', ...flags })
      } else {
        const out = { out: 'docs/results', ...flags }
        const experiment = experimentOf(name)
        await ('comparisons' in experiment ? run(experiment, out) : runSingle(experiment, out))
      }
    })
}

/** Runs an experiment that is no grid of cells. @throws UserError `unsupported` for flags of such grids */
async function runSingle(
  experiment: DataExperiment | TimingExperiment | PlantedExperiment,
  flags: Flags & { readonly out: string },
): Promise<void> {
  const { seeds, only, tables, models, queue, storage } = flags
  const does = 'timed' in experiment ? 'times its own models' : 'trains nothing'
  for (const [flag, given] of Object.entries({
    '--seeds': seeds,
    '--only': only,
    '--tables': tables,
    '--models': models,
    // Its address is not shown: it may have a password.
    '--queue': queue === undefined ? undefined : ['an address'],
    '--storage': storage === undefined ? undefined : [storage],
  })) {
    if (!given) continue
    const expected = `none: ${experiment.name} ${does}`
    throw new UserError({ where: flag, problem: 'unsupported', value: given.join(','), expected })
  }
  const place = { ...flags, say: (line: string): void => void process.stderr.write(`${line}\n`) }
  const { page, files } = await runnerOf(experiment, place)
  process.stdout.write(`${page}\nwritten: ${files.join(', ')}\n`)
}

async function runnerOf(experiment: DataExperiment | TimingExperiment | PlantedExperiment, place: RunPlace) {
  if ('timed' in experiment)
    return (await import('../../experiment/harness/run-timing.ts')).runTiming(experiment, place)
  if ('planted' in experiment)
    return (await import('../../experiment/harness/run-planted.ts')).runPlanted(experiment, place)
  return (await import('../../experiment/harness/run-statistics.ts')).runStatistics(experiment, place)
}

function listing(experiments: readonly Pick<Experiment, 'name' | 'about'>[]): string {
  const width = Math.max(...experiments.map(({ name }) => name.length))
  return `${experiments.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join('\n')}\n`
}

async function run(experiment: Experiment, flags: Flags & { readonly out: string }): Promise<void> {
  const { gridProgress } = await import('../../experiment/harness/grid-progress.ts')
  const { runExperiment } = await import('../../experiment/harness/run-experiment.ts')
  const { jobs = 1, queue: url } = flags
  const progress = gridProgress(process.stderr, url === undefined ? jobs : undefined)
  await using queue = url === undefined ? undefined : await openedQueue(url, progress.say, flags.jobs)
  const what = queue && 'workers end the cells that they have begun, and the others leave the queue'
  const outcome = await interruptible(
    (signal) => runExperiment(experiment, { ...flags, jobs, queue, signal, progress }),
    { ...(what && { what }) },
  ).finally(progress.done)
  if (outcome.status === 'interrupted') {
    process.stderr.write('stopped, saved; the same command goes on\n')
    process.exitCode = exitCodes.interrupted
    return
  }
  process.stdout.write(`${outcome.page}\nwritten: ${outcome.files.join(', ')}\n`)
}
