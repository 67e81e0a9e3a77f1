/** @file `siftrec similar`: the items nearest to one, as a trained model sees them. */
import { Command } from 'commander'
import pc from 'picocolors'
import { label } from '../item-label.ts'
import { dataWords, tellLater } from '../later.ts'
import { tellMemory } from '../memory.ts'
import { once, whole } from '../values.ts'

interface Flags {
  readonly item: string
  readonly top: number
  readonly data?: string
  readonly json?: boolean
}

/** `similar RUN --item ID` */
export function similarCommand(): Command {
  return new Command('similar')
    .description('show the items nearest to one, by the cosine of the vectors that rank them')
    .argument('<run>', 'folder of a trained model that ranks the next item')
    .requiredOption('--item <id>', "the item's id, as in the log", once('--item'))
    .option('--top <number>', 'how many items to show', (text) => whole('--top', text), 10)
    .option('--data <folder>', dataWords)
    .option('--json', 'print JSON instead of text')
    .action(async (folder: string, { item, top, data, json }: Flags) => {
      const { openRun } = await import('../../runs/open-run.ts')
      const { similar } = await import('../../rank/similar.ts')
      await using run = await openRun(folder, {
        ...(data === undefined ? {} : { data }),
        memory: { users: 'one', tell: tellMemory },
      })
      tellLater(run)
      const near = await similar(run, item, { top })
      const lines = near.map(
        (item, at) => `${String(at + 1).padStart(3)}  ${label(item)}  ${pc.dim(item.cosine.toFixed(3))}\n`,
      )
      process.stdout.write(json ? `${JSON.stringify(near, null, 2)}\n` : lines.join(''))
    })
}
