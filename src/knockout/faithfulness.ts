/**
 * @file Whether explanations name what counts: what an explanation names is taken away, then another thing of its kind,
 * and the item must fall further without what was named. An explanation that leaves things out itself is right there by
 * construction, so both are also replaced by what says something else.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mergeBehaviors } from '../dataset/event-columns.ts'
import { historyBefore } from '../dataset/histories.ts'
import type { FeatureModality, History } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { bootstrapMeans, type Interval } from '../evaluate/intervals.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'
import { type OpenRun, openRun } from '../runs/open-run.ts'
import { type Explained, explainedClicks, explainedRanking, type Reasoned } from './explained.ts'
import type { Untouched } from './knock-out.ts'
import type { Part } from './outcome.ts'
import { inFolder, replacedData } from './replaced-data.ts'
import { refusable } from './results.ts'

/** What an explanation can name. */
export const namedKinds = ['event', 'behavior', 'modality'] as const
/** See {@link namedKinds}. */
export type NamedKind = (typeof namedKinds)[number]

/** How often the explanations of one kind are right. */
export interface KindFaithfulness {
  readonly kind: NamedKind
  /** Recommendations that name one, where there is another to compare with. */
  readonly cases: number
  /** The share of those in which the item falls further without what was named; users are resampled. */
  readonly share: Interval
  /**
   * The same where something else takes their places: items drawn for events and behaviors, other items' vectors for a
   * modality. How far an item falls is the mean over four drawings.
   */
  readonly replaced: Interval
}

/** How often a run's explanations are right; JSON can hold it. */
export interface Faithfulness {
  readonly run: string
  readonly model: string
  readonly part: Part['part']
  readonly seed: number
  readonly recommendations: number
  readonly kinds: readonly KindFaithfulness[]
}

/** A comparison, and whose it is. */
interface Case {
  readonly kind: NamedKind
  readonly user: number
  readonly right: Readonly<Record<Taken, boolean>>
}

/** How often something else is drawn. */
const drawings = [0, 1, 2, 3] as const

/** What becomes of what is named. */
type Taken = 'removed' | 'replaced'

/**
 * Measures the explanations of so many recommendations: those for users just before their targets, drawn at random.
 * @throws UserError `unsupported` for a model that names none of these kinds
 */
export async function faithfulness(
  untouched: Untouched,
  { part, seed, count, counted }: Part & { count: number; counted?: (work: string, done: number, all: number) => void },
): Promise<Faithfulness> {
  const { folder, run, data } = untouched
  const random = randomStream(seed, 'faithfulness', part)
  const { manifest, catalog } = data.dataset
  const { behaviors } = manifest
  await using open = await openRun(folder, { shown: data })
  const whole = explainedOf(open, random)
  await using others = otherRuns(untouched, random, seed)
  const cases: Case[] = []
  let recommendations = 0
  for (const history of historiesOf(untouched, part, { random, maxLength: open.maxLength })) {
    if (recommendations >= count) break
    if (history.item.length === 0) continue
    const list = (await whole.recommended(history)).slice(0, count - recommendations)
    recommendations += list.length
    cases.push(...(await casesOf({ whole, others, random, behaviors, items: catalog.ids.length - 1 }, history, list)))
    counted?.('recommendations', recommendations, count)
    if (list.length === 0) break
  }
  const kinds = namedKinds.flatMap((kind) => kindOf(kind, cases, seed))
  if (kinds.length === 0) {
    const value = `${run.model} names no events, and no two behaviors or modalities that could be compared`
    throw new UserError({ where: folder, problem: 'unsupported', value, expected: 'a model that says why' })
  }
  return { run: folder, model: run.model, part, seed, recommendations, kinds }
}

function kindOf(kind: NamedKind, all: readonly Case[], seed: number): KindFaithfulness[] {
  const cases = all.filter((one) => one.kind === kind)
  if (cases.length === 0) return []
  const [share, replaced] = bootstrapMeans(
    (['removed', 'replaced'] as const).map((taken) => cases.map(({ right }) => (right[taken] ? 1 : 0))),
    cases.map(({ user }) => user),
    { seed },
  ) as [Interval, Interval]
  return [{ kind, cases: cases.length, share, replaced }]
}

const explainedOf = (run: OpenRun, random: RandomStream): Explained =>
  'source' in run.run.split ? explainedClicks(run, random) : explainedRanking(run)

/** The histories before the targets of a part, in a random order. */
function* historiesOf(
  { data }: Untouched,
  part: Part['part'],
  { random, maxLength }: { readonly random: RandomStream; readonly maxLength: number },
): Generator<History> {
  const { events } = data.dataset
  const asked = data.samples ?? { ...events, ...data.split }
  for (const row of random.shuffle(asked[part].slice())) {
    const [user, time] = [asked.user[row] as number, asked.time[row] as number]
    const history = historyBefore(events, user, time)
    const read = data.samples ? mergeBehaviors(history) : history
    yield lastOf(read, maxLength)
  }
}

const lastOf = ({ user, item, behavior, time }: History, count: number): History => {
  const from = Math.max(0, item.length - count)
  return { user, item: item.subarray(from), behavior: behavior.subarray(from), time: time.subarray(from) }
}

/** The same run without a modality, or with other items' vectors of it, opened when it is first asked for. */
interface OtherRuns extends AsyncDisposable {
  readonly modalities: readonly FeatureModality[]
  without(modality: FeatureModality): Promise<Explained>
  shuffled(modality: FeatureModality, drawing: number): Promise<Explained>
}

/** A model that can be shown no missing vectors at all is shown shuffled ones. */
function otherRuns({ folder, data }: Untouched, random: RandomStream, seed: number): OtherRuns {
  const place = mkdtempSync(join(tmpdir(), 'siftrec-knockout-'))
  const opened = new Map<string, Promise<OpenRun>>()
  const shown = (way: 'nothing' | 'permutation', name: FeatureModality, drawing = 0): Promise<OpenRun> => {
    const key = `${way} ${name} ${drawing}`
    const other = () => replacedData(data, { signal: { kind: 'modality', name }, way, seed: seed + drawing })
    const run = opened.get(key) ?? openRun(folder, { shown: inFolder(other(), place) })
    opened.set(key, run)
    return run
  }
  return {
    modalities: Object.keys(data.dataset.features) as FeatureModality[],
    async without(name) {
      const run = await refusable(() => shown('nothing', name))
      return explainedOf(typeof run === 'string' ? await shown('permutation', name) : run, random)
    },
    shuffled: async (name, drawing) => explainedOf(await shown('permutation', name, drawing), random),
    async [Symbol.asyncDispose]() {
      for (const run of await Promise.allSettled(opened.values()))
        if (run.status === 'fulfilled') await run.value[Symbol.asyncDispose]()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

interface Compared {
  readonly whole: Explained
  readonly others: OtherRuns
  readonly random: RandomStream
  readonly behaviors: readonly string[]
  /** How many there are. */
  readonly items: number
}

/** One comparison for each item and each kind that its explanation names. */
async function casesOf(compared: Compared, history: History, list: readonly Reasoned[]): Promise<Case[]> {
  const { others, random, behaviors } = compared
  const items = list.map(({ item }) => item)
  const standIns = drawings.map(() => drawnItems(compared, history, items))
  const known = new Map<string, Promise<readonly number[]>>()
  /** How far each item is ahead once something is taken away. */
  const ahead = (taken: Taken, kind: NamedKind, name: string): Promise<readonly number[]> => {
    const key = `${taken} ${kind} ${name}`
    const away = { kind, name, history }
    const made =
      known.get(key) ??
      (taken === 'removed' ? aheadWithout(compared, away, items) : aheadReplaced(compared, away, { items, standIns }))
    known.set(key, made)
    return made
  }
  const cases: Case[] = []
  for (const [at, reasoned] of list.entries()) {
    for (const { kind, named, rest } of comparisons(reasoned, history, { behaviors, modalities: others.modalities })) {
      const other = rest[random.integer(rest.length)] as string
      const isRight = async (taken: Taken): Promise<boolean> => {
        const [first, second] = [await ahead(taken, kind, named), await ahead(taken, kind, other)]
        return (first[at] as number) < (second[at] as number)
      }
      const right = { removed: await isRight('removed'), replaced: await isRight('replaced') }
      cases.push({ kind, user: history.user, right })
    }
  }
  return cases
}

/** Items that take the places of events: none that was touched, and none of those that are recommended. */
function drawnItems({ random, items }: Compared, history: History, recommended: readonly number[]): Int32Array {
  const taken = new Set([...history.item, ...recommended])
  const left = Int32Array.from({ length: items }, (_, at) => at + 1).filter((item) => !taken.has(item))
  const from = left.length > 0 ? left : Int32Array.from(history.item)
  return Int32Array.from(history.item, () => from[random.integer(from.length)] as number)
}

/** What is named, and what else there is of its kind; nothing where there is no choice. */
function comparisons(
  { modalities, behaviors, because }: Reasoned,
  history: History,
  known: { readonly behaviors: readonly string[]; readonly modalities: readonly FeatureModality[] },
): { readonly kind: NamedKind; readonly named: string; readonly rest: readonly string[] }[] {
  /** Shares that are all alike, such as 0, name nothing. */
  const differ = (shares: Readonly<Record<string, number | undefined>> | undefined, of: readonly string[]): boolean =>
    new Set(of.map((name) => shares?.[name] ?? 0)).size > 1
  const strongest = (shares: Readonly<Record<string, number | undefined>> | undefined, of: readonly string[]): string =>
    of.reduce((best, name) => ((shares?.[name] ?? 0) > (shares?.[best] ?? 0) ? name : best), of[0] ?? '')
  const events = [...new Set(Array.from(history.item, (_, at) => eventName(history, at)))]
  const done = behaviors ? known.behaviors.filter((_, index) => history.behavior.includes(index)) : []
  const content = modalities ? known.modalities.filter((name) => modalities[name] !== undefined) : []
  const [first] = because ?? []
  const [doneDiffers, contentDiffers] = [differ(behaviors, done), differ(modalities, content)]
  const all = [
    { kind: 'event', named: first ? `${first.item} ${first.behavior}` : '', of: first ? events : [] },
    { kind: 'behavior', named: strongest(behaviors, done), of: doneDiffers ? done : [] },
    { kind: 'modality', named: strongest(modalities, content), of: contentDiffers ? content : [] },
  ] as const
  return all
    .filter(({ of, named }) => of.length > 1 && (of as readonly string[]).includes(named))
    .map(({ kind, named, of }) => ({ kind, named, rest: of.filter((name) => name !== named) }))
}

/** What is taken away of whom. */
interface TakenAway {
  readonly kind: NamedKind
  readonly name: string
  readonly history: History
}

async function aheadWithout(
  { whole, others, behaviors }: Compared,
  away: TakenAway,
  items: readonly number[],
): Promise<readonly number[]> {
  const { kind, name, history } = away
  if (kind === 'modality') return (await others.without(name as FeatureModality)).ahead(history, items)
  const stays = (_: number, at: number): boolean => !isNamed(away, behaviors, at)
  const { user, item, behavior, time } = history
  const left = { user, item: item.filter(stays), behavior: behavior.filter(stays), time: time.filter(stays) }
  return whole.ahead(left, items)
}

/** The mean over what is drawn. */
async function aheadReplaced(
  { whole, others, behaviors }: Compared,
  away: TakenAway,
  { items, standIns }: { readonly items: readonly number[]; readonly standIns: readonly Int32Array[] },
): Promise<readonly number[]> {
  const { kind, name, history } = away
  const drawn: (readonly number[])[] = []
  for (const drawing of drawings) {
    if (kind === 'modality') {
      drawn.push(await (await others.shuffled(name as FeatureModality, drawing)).ahead(history, items))
      continue
    }
    // Whatever is replaced, the same items take its place.
    let next = 0
    const item = history.item.map((one, at) =>
      isNamed(away, behaviors, at) ? ((standIns[drawing] as Int32Array)[next++] as number) : one,
    )
    drawn.push(await whole.ahead({ ...history, item }, items))
  }
  return items.map((_, at) => drawn.reduce((sum, one) => sum + (one[at] as number), 0) / drawn.length)
}

/** Whether the event at a place is of the behavior, or has the name, that is taken away. */
const isNamed = ({ kind, name, history }: TakenAway, behaviors: readonly string[], at: number): boolean =>
  kind === 'behavior' ? history.behavior[at] === behaviors.indexOf(name) : eventName(history, at) === name

/** Events of one item and behavior have one name: they are taken away together. */
const eventName = ({ item, behavior }: History, at: number): string => `${item[at]} ${behavior[at]}`
