/** @file `siftrec explain`: what a model of clicks says of items for a user, and what it looked at. */
import { Command } from 'commander'
import pc from 'picocolors'
import { type ClickExplanation, explainClicks } from '../../rank/explain-clicks.ts'
import { openClickRun } from '../../runs/open-run.ts'
import { whole } from '../values.ts'

interface Flags {
  readonly user: string
  readonly items: string[]
  readonly top: number
  readonly data?: string
  readonly json?: boolean
}

/** `explain RUN --user ID --items A,B` */
export function explainCommand(): Command {
  return new Command('explain')
    .description('predict whether a user clicks items, and tell what the model looked at')
    .argument('<run>', 'folder of a run of a model of clicks')
    .requiredOption('--user <id>', "the user's id in the log")
    .requiredOption('--items <ids>', 'ids of items, with commas between them', (text) =>
      text.split(',').map((id) => id.trim()),
    )
    .option('--top <number>', 'how many events of the history are named', (text) => whole('--top', text), 5)
    .option('--data <folder>', 'where the dataset lies now')
    .option('--json', 'print JSON')
    .action(async (folder: string, { user, items, top, data, json }: Flags) => {
      await using run = await openClickRun(folder, data === undefined ? {} : { data })
      const explained = await explainClicks(run, user, items, { top })
      process.stdout.write(json ? `${JSON.stringify(explained, null, 2)}\n` : explained.map(printed).join(''))
    })
}

const label = ({ id, title }: { id: string; title: string }): string => (title === '' ? id : `${title} (${id})`)

function printed({ probability, gates = {}, attention, ...item }: ClickExplanation): string {
  const opened = Object.entries(gates).map(([name, gate]) => `${name} ${gate.toFixed(2)}`)
  const events = attention.map((event) => `${label(event)} (${event.behavior} ${event.weight.toFixed(3)})`)
  const told = [
    ...(opened.length > 0 ? [`gates: ${opened.join(', ')}`] : []),
    ...(events.length > 0 ? [`looked at: ${events.join('; ')}`] : []),
  ]
  return [
    `${label(item)}: ${(100 * probability).toFixed(1)} %`,
    ...told.map((line) => `     ${pc.dim(line)}`),
    '',
  ].join('\n')
}
