/** @file `siftrec experiment`: runs one of the named experiments, or goes on with it, and prints its tables. */
import { Command } from 'commander'
import { gridProgress } from '../../experiment/harness/grid-progress.ts'
import { runExperiment } from '../../experiment/harness/run-experiment.ts'
import { experimentOf, experiments } from '../../experiment/studies/registry.ts'
import { exitCodes } from '../failure.ts'
import { interruptible } from '../interrupt.ts'
import { whole } from '../values.ts'

interface Flags {
  readonly seeds?: number[]
  readonly dataRoot: string
  readonly out: string
  readonly jobs: number
  readonly only?: string[]
  readonly models?: string[]
}

const list = (text: string): string[] => text.split(',').map((part) => part.trim())

/** `experiment [NAME]` */
export function experimentCommand(): Command {
  return new Command('experiment')
    .description('run an experiment: train what is not done yet and write its results table; without a name, list them')
    .argument('[name]', `one of ${experiments.map(({ name }) => name).join(', ')}`)
    .option('--seeds <numbers>', 'of training, such as 1,2,3', (text) =>
      list(text).map((part) => whole('--seeds', part, 0)),
    )
    .option('--data-root <folder>', 'where the data sets are', '../shared/data')
    .option('--out <folder>', 'where to write NAME.json, NAME.md and NAME.svg', 'docs/results')
    .option('--jobs <number>', 'cells trained side by side, each on one thread', (text) => whole('--jobs', text), 1)
    .option('--only <variants>', 'train these variants or models; the table has the others too if they are done', list)
    .option('--models <slugs>', 'which models, for the experiments that take them', list)
    .action(async (name: string | undefined, flags: Flags) => {
      if (name === undefined) process.stdout.write(listing())
      else await run(name, flags)
    })
}

function listing(): string {
  const width = Math.max(...experiments.map(({ name }) => name.length))
  return `${experiments.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join('\n')}\n`
}

async function run(name: string, flags: Flags): Promise<void> {
  const experiment = experimentOf(name)
  const progress = gridProgress(process.stderr, flags.jobs)
  const outcome = await interruptible((signal) => runExperiment(experiment, { ...flags, signal, progress })).finally(
    progress.done,
  )
  if (outcome.status === 'interrupted') {
    process.stderr.write('stopped, saved; the same command goes on\n')
    process.exitCode = exitCodes.interrupted
    return
  }
  process.stdout.write(`${outcome.page}\nwritten: ${outcome.files.join(', ')}\n`)
}
