/** @file `siftrec recommend`: the best items for a user, and why. */
import { Command } from 'commander'
import pc from 'picocolors'
import type { Dataset } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { ItemConditions } from '../../rank/item-conditions.ts'
import type { Recommendation, Recommendations } from '../../rank/recommend.ts'
import type { OpenOptions } from '../../runs/open-run.ts'
import { exitCodes } from '../failure.ts'
import { indexWords } from '../index-words.ts'
import { interruptible } from '../interrupt.ts'
import { filterOf, filterWords } from '../item-filter.ts'
import { label } from '../item-label.ts'
import { dataWords, tellLater } from '../later.ts'
import { tellMemory } from '../memory.ts'
import { idList, once, whole } from '../values.ts'

interface Flags {
  readonly user?: string
  readonly history?: string[]
  readonly all?: true
  readonly behavior?: string
  readonly top: number
  readonly filter?: ItemConditions
  readonly out?: string
  readonly data?: string
  readonly index?: boolean
  readonly json?: boolean
}

/** `recommend RUN --user ID`, `--history A,B` or `--all` */
export function recommendCommand(): Command {
  return new Command('recommend')
    .description('recommend items to a user, with the reasons, or to every user')
    .argument('<run>', 'folder of a trained model that ranks the next item')
    .option('--user <id>', "the user's id, as in the log", once('--user'))
    .option('--history <ids>', 'in place of a user: ids of items that a visitor touched, the last one last', (text) =>
      idList('--history', text),
    )
    .option('--behavior <name>', 'what was done with the items of --history (default: the target)')
    .option('--all', 'in place of a user: every user, into the file of --out')
    .option('--out <file>', 'with --all: a file that ends in .parquet, .csv or .jsonl')
    .option('--top <number>', 'how many items to recommend', (text) => whole('--top', text), 10)
    .option('--filter <condition>', filterWords, filterOf)
    .option('--data <folder>', dataWords)
    .option('--index', indexWords)
    .option('--json', 'print JSON instead of text')
    .action(async (folder: string, flags: Flags) => {
      checkFlags(flags)
      if (flags.all) return recommendToAll(folder, flags)
      const { openRun } = await import('../../runs/open-run.ts')
      const { recommend, recommendFrom } = await import('../../rank/recommend.ts')
      const { user, history, behavior, top, filter, json } = flags
      const listed = { top, ...(filter && { filter }) }
      await using run = await openRun(folder, {
        ...askedOf(flags),
        memory: { users: 'one', tell: tellMemory },
      })
      tellLater(run)
      const recommended = history
        ? await recommendFrom(run, history, { ...listed, ...(behavior !== undefined && { behavior }) })
        : await recommend(run, user as string, listed)
      tellWhy(recommended, run.dataset, filter)
      process.stdout.write(json ? `${JSON.stringify(recommended, null, 2)}\n` : printRecommendations(recommended))
    })
}

/** How a run is opened. */
const askedOf = ({ data, index }: Flags): Pick<OpenOptions, 'data' | 'index'> => ({
  ...(data !== undefined && { data }),
  ...(index && { index: (line) => process.stderr.write(`${line}\n`) }),
})

/** @throws UserError where nobody is asked for, or more than one, and for flags that go with another one */
function checkFlags({ user, history, all, behavior, out, json }: Flags): void {
  const named = [user !== undefined && '--user', history && '--history', all && '--all'].filter((flag) => flag)
  const where = 'recommend'
  if (named.length !== 1) {
    const value = named.length === 0 ? 'whom to recommend to' : named.join(' and ')
    const expected = 'one of --user, --history and --all'
    throw new UserError({ where, problem: named.length === 0 ? 'missing' : 'duplicate', value, expected })
  }
  if (all && out === undefined) {
    const expected = 'a file that ends in .parquet, .csv or .jsonl'
    throw new UserError({ where, problem: 'missing', value: '--out, which --all writes to', expected })
  }
  const stray = (!all && out !== undefined && '--out') || (!history && behavior !== undefined && '--behavior')
  const strayOfAll = stray || (all && json && '--json')
  if (!strayOfAll) return
  const goesWith = { '--out': '--all', '--behavior': '--history', '--json': '--user or --history' }[strayOfAll]
  throw new UserError({ where, problem: 'unsupported', value: strayOfAll, expected: `it beside ${goesWith}` })
}

/** Says why the items may not be what was asked for. */
function tellWhy(
  { user, known, popular, items }: Recommendations,
  { manifest }: Dataset,
  filter?: ItemConditions,
): void {
  const who = user === null ? 'the visitor' : `user "${user}"`
  const lines = [
    ...(known ? [] : [`${who} is not in ${manifest.name}: these are the popular items of its training data`]),
    ...(known && popular ? [`${who} has no events: these are the popular items`] : []),
  ]
  if (items.length === 0) {
    const touched = manifest.candidates === 'unseen' ? 'touched' : 'had as a target'
    const none = manifest.candidates === 'all' ? '' : `, or ${who} has ${touched} each that does`
    const why = filter ? `no item passes the filter${none}` : `${who} has ${touched} every item`
    lines.push(`nothing is left to recommend: ${why}`)
  }
  for (const line of lines) process.stderr.write(pc.yellow(`${line}\n`))
}

async function recommendToAll(folder: string, flags: Flags): Promise<void> {
  const { top, filter, out } = flags
  const file = out as string
  const { kindOfList, listsText, writeLists } = await import('../recommendations-file.ts')
  kindOfList(file)
  const { openRun } = await import('../../runs/open-run.ts')
  const { recommendAll } = await import('../../rank/recommend-all.ts')
  const { durationText, reportCounts } = await import('../../runs/progress.ts')
  await using run = await openRun(folder, {
    ...askedOf(flags),
    memory: { users: 'many', tell: tellMemory },
  })
  tellLater(run)
  const { dataset } = run
  const users = dataset.userIds.length - 1
  const progress = reportCounts(process.stderr)
  const began = performance.now()
  const written = await interruptible(
    async (signal) => {
      const lists = recommendAll(run, { top, ...(filter && { filter }) })
      const counted = (done: number): void => progress.counted('users', done, users)
      try {
        return await writeLists(file, { dataset, lists, counted, signal })
      } catch (error) {
        if (signal.aborted) return undefined
        throw error
      }
    },
    { what: 'nothing is written' },
  ).finally(progress.done)
  if (written) {
    const took = durationText((performance.now() - began) / 1e3)
    process.stderr.write(`${file}: ${listsText(written, top)}, in ${took}\n`)
    return
  }
  process.exitCode = exitCodes.interrupted
}

/** One item a line, and its reasons below it. */
function printRecommendations({ items }: Recommendations): string {
  return items
    .map((item, at) => `${String(at + 1).padStart(3)}  ${label(item)}  ${pc.dim(item.score.toFixed(3))}\n${why(item)}`)
    .join('')
}

const percent = (share: number): string => `${Math.round(100 * share)} %`
/** With a decimal: each of a hundred events carries about one hundredth. */
const finePercent = (share: number): string => `${Number((100 * share).toFixed(1))} %`
/** How many history items are named. */
const namedReasons = 3

function why({ behaviors, modalities, center, uncertainty, noise = [], because = [] }: Recommendation): string {
  const shares = (record: Readonly<Record<string, number>> | undefined): string[] =>
    Object.entries(record ?? {})
      .sort(([, a], [, b]) => b - a)
      .map(([name, share]) => `${name} ${percent(share)}`)
  const parts = [shares(behaviors).join(', '), shares(modalities).join(', ')].filter((part) => part !== '')
  if (center && center.share >= 0.005) parts.push(`${center.modality} center ${center.index} ${percent(center.share)}`)
  if (uncertainty)
    parts.push(`variance of the item ${uncertainty.item.toFixed(2)}, of the user ${uncertainty.user.toFixed(2)}`)
  if (noise.length > 0) {
    const left = noise.slice(0, namedReasons).map((event) => label(event))
    parts.push(
      `left out as noise: ${left.join(', ')}${noise.length > namedReasons ? ` and ${noise.length - namedReasons} more` : ''}`,
    )
  }
  const events = because
    .slice(0, namedReasons)
    .map((reason) => `${label(reason)} (${reason.behavior} ${finePercent(reason.share)})`)
  const others = because.slice(namedReasons)
  const theirs = others.reduce((sum, { share }) => sum + share, 0)
  const more = others.length > 0 ? ` and ${others.length} more (${finePercent(theirs)})` : ''
  const told = [...parts, ...(events.length > 0 ? [`because of ${events.join(', ')}${more}`] : [])]
  return told.length > 0 ? `     ${pc.dim(told.join('; '))}\n` : ''
}
