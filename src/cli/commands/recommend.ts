/** @file `siftrec recommend`: the best items for a user, and why. */
import { Command } from 'commander'
import pc from 'picocolors'
import type { Recommendation, Recommendations } from '../../rank/recommend.ts'
import { dataWords, tellLater } from '../later.ts'
import { tellMemory } from '../memory.ts'
import { once, whole } from '../values.ts'

interface Flags {
  readonly user: string
  readonly top: number
  readonly data?: string
  readonly json?: boolean
}

/** `recommend RUN --user ID` */
export function recommendCommand(): Command {
  return new Command('recommend')
    .description('recommend items to a user, with the reasons')
    .argument('<run>', 'folder of a trained model that ranks the next item')
    .requiredOption('--user <id>', "the user's id, as in the log", once('--user'))
    .option('--top <number>', 'how many items to recommend', (text) => whole('--top', text), 10)
    .option('--data <folder>', dataWords)
    .option('--json', 'print JSON instead of text')
    .action(async (folder: string, { user, top, data, json }: Flags) => {
      const { openRun } = await import('../../runs/open-run.ts')
      const { recommend } = await import('../../rank/recommend.ts')
      await using run = await openRun(folder, {
        ...(data === undefined ? {} : { data }),
        memory: { users: 'one', tell: tellMemory },
      })
      tellLater(run)
      const recommended = await recommend(run, user, { top })
      if (!recommended.known) {
        const told = `user "${user}" is not in ${run.dataset.manifest.name}: these are the popular items of its training data\n`
        process.stderr.write(pc.yellow(told))
      } else if (recommended.popular) {
        process.stderr.write(pc.yellow(`user "${user}" has no events: these are the popular items\n`))
      }
      if (recommended.items.length === 0) {
        const touched = run.dataset.manifest.candidates === 'unseen' ? 'touched' : 'had as a target'
        process.stderr.write(pc.yellow(`nothing is left to recommend: user "${user}" has ${touched} every item\n`))
      }
      process.stdout.write(json ? `${JSON.stringify(recommended, null, 2)}\n` : printRecommendations(recommended))
    })
}

/** One item a line, and its reasons below it. */
function printRecommendations({ items }: Recommendations): string {
  return items
    .map((item, at) => `${String(at + 1).padStart(3)}  ${label(item)}  ${pc.dim(item.score.toFixed(3))}\n${why(item)}`)
    .join('')
}

const label = ({ id, title }: { id: string; title: string }): string => (title === '' ? id : `${title} (${id})`)
const percent = (share: number): string => `${Math.round(100 * share)} %`
/** How many history items are named. */
const namedReasons = 3

function why({ behaviors, modalities, center, because = [] }: Recommendation): string {
  const shares = (record: Readonly<Record<string, number>> | undefined): string[] =>
    Object.entries(record ?? {})
      .sort(([, a], [, b]) => b - a)
      .map(([name, share]) => `${name} ${percent(share)}`)
  const parts = [shares(behaviors).join(', '), shares(modalities).join(', ')].filter((part) => part !== '')
  if (center && center.share >= 0.005) parts.push(`${center.modality} center ${center.index} ${percent(center.share)}`)
  const events = because
    .slice(0, namedReasons)
    .map((reason) => `${label(reason)} (${reason.behavior} ${percent(reason.share)})`)
  const others = because.length - events.length
  const more = others > 0 ? ` and ${others} more` : ''
  const told = [...parts, ...(events.length > 0 ? [`because of ${events.join(', ')}${more}`] : [])]
  return told.length > 0 ? `     ${pc.dim(told.join('; '))}\n` : ''
}
