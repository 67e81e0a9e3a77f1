/** @file The command `siftrec` with its subcommands. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import pc from 'picocolors'
import { demoCommand } from './commands/demo.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { experimentCommand } from './commands/experiment.ts'
import { explainCommand } from './commands/explain.ts'
import { modelsCommand } from './commands/models.ts'
import { prepareCommand } from './commands/prepare.ts'
import { recommendCommand } from './commands/recommend.ts'
import { simulateCommand } from './commands/simulate.ts'
import { trainCommand } from './commands/train.ts'

/** The whole command line; nothing runs until it parses arguments. */
export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Command('siftrec')
    .description('recommendation from many behaviors and many modalities')
    .version(version)
  const commands = [
    prepareCommand(),
    trainCommand(),
    evaluateCommand(),
    recommendCommand(),
    explainCommand(),
    simulateCommand(),
    demoCommand(),
    modelsCommand(),
    experimentCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  // One sentence, like every other error of ours; its line ends outside the color, so that a colored terminal shows no empty line.
  const outputError = (text: string, write: (text: string) => void): void =>
    write(`${pc.red(text.trimEnd().replace(/\n\((Did .*)\)/, '. $1'))}\n`)
  // Positional: `train --resume RUN` and the --resume of `train MODEL` are two flags.
  for (const command of withAll(program))
    command.enablePositionalOptions().exitOverride().configureOutput({ outputError })
  return program
}

function withAll(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withAll)]
}
