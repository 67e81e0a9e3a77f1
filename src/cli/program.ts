/** @file The command `siftrec` with its subcommands. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import pc from 'picocolors'
import { shortenSentence } from '../errors.ts'
import { compareCommand } from './commands/compare.ts'
import { demoCommand } from './commands/demo.ts'
import { describeCommand } from './commands/describe.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { experimentCommand } from './commands/experiment.ts'
import { explainCommand } from './commands/explain.ts'
import { exportCommand } from './commands/export.ts'
import { exportEventsCommand } from './commands/export-events.ts'
import { modelsCommand } from './commands/models.ts'
import { prepareCommand } from './commands/prepare.ts'
import { recommendCommand } from './commands/recommend.ts'
import { serveCommand } from './commands/serve.ts'
import { similarCommand } from './commands/similar.ts'
import { simulateCommand } from './commands/simulate.ts'
import { trainCommand } from './commands/train.ts'

/** The whole command line. Nothing runs until `parseAsync` is called. */
export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Command('siftrec')
    .description('prepare a log of events, train and evaluate recommenders, and recommend')
    .version(version)
  const commands = [
    prepareCommand(),
    describeCommand(),
    trainCommand(),
    evaluateCommand(),
    compareCommand(),
    recommendCommand(),
    similarCommand(),
    serveCommand(version),
    explainCommand(),
    exportCommand(),
    exportEventsCommand(),
    simulateCommand(),
    demoCommand((args) => serveCommand(version).parseAsync(args, { from: 'user' })),
    modelsCommand(),
    experimentCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  // Commander's errors become one sentence, like our own. The line ends outside the color, or a colored terminal would
  // show an empty line.
  const outputError = (text: string, write: (text: string) => void): void =>
    write(`${pc.red(shortenSentence(text.trimEnd().replace(/\n\((Did .*)\)/, '. $1')))}\n`)
  // Options are positional, since `train --resume RUN` and the --resume of `train MODEL` are two flags.
  for (const command of withAll(program))
    command.enablePositionalOptions().exitOverride().configureOutput({ outputError })
  return program
}

function withAll(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withAll)]
}
