/** @file The command `siftrec` with its subcommands. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import pc from 'picocolors'
import { shortenSentence } from '../errors.ts'

/** The commands by name, in the order of the help; each is loaded where it is meant or where all are listed. */
const commands: Readonly<Record<string, (version: string) => Promise<Command>>> = {
  prepare: async () => (await import('./commands/prepare.ts')).prepareCommand(),
  describe: async () => (await import('./commands/describe.ts')).describeCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  train: async () => (await import('./commands/train.ts')).trainCommand(),
  tune: async () => (await import('./commands/tune.ts')).tuneCommand(),
  evaluate: async () => (await import('./commands/evaluate.ts')).evaluateCommand(),
  compare: async () => (await import('./commands/compare.ts')).compareCommand(),
  knockout: async () => (await import('./commands/knockout.ts')).knockoutCommand(),
  recommend: async () => (await import('./commands/recommend.ts')).recommendCommand(),
  similar: async () => (await import('./commands/similar.ts')).similarCommand(),
  serve: async (version) => (await import('./commands/serve.ts')).serveCommand(version),
  explain: async () => (await import('./commands/explain.ts')).explainCommand(),
  export: async () => (await import('./commands/export.ts')).exportCommand(),
  'export-events': async () => (await import('./commands/export-events.ts')).exportEventsCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  async demo(version) {
    const { demoCommand } = await import('./commands/demo.ts')
    const { serveCommand } = await import('./commands/serve.ts')
    return demoCommand((args) => serveCommand(version).parseAsync(args, { from: 'user' }))
  },
  models: async () => (await import('./commands/models.ts')).modelsCommand(),
  model: async () => (await import('./commands/model.ts')).modelCommand(),
  experiment: async () => (await import('./commands/experiment.ts')).experimentCommand(),
  worker: async () => (await import('./commands/worker.ts')).workerCommand(),
}

/**
 * The command line. Nothing runs until `parseAsync` is called.
 * @param asked the command that will be parsed, where it is known: the others need not be loaded, which takes longer
 * than many commands do
 */
export async function createProgram(asked?: string): Promise<Command> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Command('siftrec')
    .description('prepare a log of events, train and evaluate recommenders, and recommend')
    .version(version)
  for (const name of namesFor(asked)) program.addCommand(await (commands[name] as (typeof commands)[string])(version))
  // Commander's errors become one sentence, like our own. The line ends outside the color, or a colored terminal would
  // show an empty line.
  const outputError = (text: string, write: (text: string) => void): void =>
    write(`${pc.red(shortenSentence(text.trimEnd().replace(/\n\((Did .*)\)/, '. $1')))}\n`)
  // Options are positional, since `train --resume RUN` and the --resume of `train MODEL` are two flags.
  for (const command of withAll(program))
    command.enablePositionalOptions().exitOverride().configureOutput({ outputError })
  return program
}

/** The commands that are needed where one is asked for; all where the help lists them, or a name is misspelled. */
function namesFor(asked: string | undefined): readonly string[] {
  if (asked === '--version' || asked === '-V') return []
  return asked !== undefined && Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands)
}

function withAll(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withAll)]
}
