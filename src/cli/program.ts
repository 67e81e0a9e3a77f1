/** @file The command `siftrec` with its subcommands. */
import { Command } from 'commander'
import { evaluateCommand } from './commands/evaluate.ts'
import { prepareCommand } from './commands/prepare.ts'
import { trainCommand } from './commands/train.ts'

/** The whole command line; nothing runs until it parses arguments. */
export function createProgram(): Command {
  const program = new Command('siftrec').description('recommendation from many behaviors and many modalities')
  for (const command of [prepareCommand(), trainCommand(), evaluateCommand()]) program.addCommand(command)
  for (const command of withAll(program)) command.exitOverride().showSuggestionAfterError()
  return program
}

function withAll(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withAll)]
}
