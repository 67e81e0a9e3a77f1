/** @file `siftrec explain`: how likely a user clicks each of some items, and what the model looked at. */
import { Command } from 'commander'
import pc from 'picocolors'
import type { ClickExplanation } from '../../rank/explain-clicks.ts'
import { label } from '../item-label.ts'
import { dataWords, tellLater } from '../later.ts'
import { tellMemory } from '../memory.ts'
import { idList, once, whole } from '../values.ts'

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
    .description('predict whether a user clicks the named items, and show what the model looked at')
    .argument('<run>', 'folder of a trained model of clicks')
    .requiredOption('--user <id>', "the user's id, as in the log", once('--user'))
    .requiredOption('--items <ids>', 'ids of the items, separated by commas', (text) => idList('--items', text))
    .option('--top <number>', 'how many events of the history to show', (text) => whole('--top', text), 5)
    .option('--data <folder>', dataWords)
    .option('--json', 'print JSON instead of text')
    .action(async (folder: string, { user, items, top, data, json }: Flags) => {
      const { openRun } = await import('../../runs/open-run.ts')
      const { explainClicks } = await import('../../rank/explain-clicks.ts')
      await using run = await openRun(folder, {
        ...(data === undefined ? {} : { data }),
        memory: { users: 'one', tell: tellMemory },
      })
      tellLater(run)
      const explained = await explainClicks(run, user, items, { top })
      process.stdout.write(json ? `${JSON.stringify(explained, null, 2)}\n` : explained.map(printed).join(''))
    })
}

const signed = (effect: number): string => `${effect < 0 ? '' : '+'}${effect.toFixed(3)}`
const timesText = (times: number): string => (times > 1 ? `, ${times} times,` : '')

function printed({ probability, gates = {}, modalities = {}, attention, ...item }: ClickExplanation): string {
  const added = Object.entries(modalities).map(([name, effect]) => `${name} ${signed(effect)}`)
  const opened = Object.entries(gates).map(([name, gate]) => `${name} ${gate.toFixed(2)}`)
  const events = attention.map(
    (event) => `${label(event)} (${event.behavior}${timesText(event.times)} ${signed(event.effect)})`,
  )
  const told = [
    ...(added.length > 0 ? [`adds to the log odds: ${added.join(', ')}`] : []),
    ...(opened.length > 0 ? [`gates: ${opened.join(', ')}`] : []),
    ...(events.length > 0 ? [`events, and what each adds: ${events.join('; ')}`] : []),
  ]
  return [
    `${label(item)}: ${(100 * probability).toFixed(1)} %`,
    ...told.map((line) => `     ${pc.dim(line)}`),
    '',
  ].join('\n')
}
