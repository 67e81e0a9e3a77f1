/**
 * @file Samples of click prediction: who was shown what and when, whether it was clicked, and where the user's history
 * ends.
 */
import * as z from 'zod'
import { Bug, UserError, unknownName } from '../errors.ts'
import { randomStream } from '../random/stream.ts'
import { type ClickVocabulary, clickVocabulary } from './click-vocabulary.ts'
import { drawnSamples, type LabelledItems } from './drawn-samples.ts'
import { columnsUntil, type EventColumns } from './event-columns.ts'
import { firstRowAt } from './histories.ts'
import { type Dataset, type Events, type Manifest, role } from './schema.ts'
import { checkShares, timeCuts } from './splits.ts'

/** How samples of clicks are taken from a dataset and split; {@link clickSplitDefaults} gives a dataset's defaults. */
export const clickSplitConfig = z.strictObject({
  source: z
    .enum(['impressions', 'drawn'])
    .describe(
      'the samples: labelled impressions, or events each paired with one randomly drawn item; by default impressions if the dataset has them',
    ),
  label: z
    .string()
    .min(1)
    .describe(
      'what counts as a click: a label of the impressions (by default the first), or with drawn samples a behavior (by default the target)',
    ),
  protocol: z
    .enum(['time', 'given', 'random'])
    .describe(
      'how samples are held out; by default time, or given if the dataset has no times but its own split; random leaks the future, use it only to compare',
    ),
  testShare: z.number().gt(0).lt(1).default(0.2).describe('the last share of the samples, by time, is the test set'),
  validationShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('the share of the samples just before the test set that validates'),
  minimumCount: z
    .int()
    .min(1)
    .default(2)
    .describe('an item or user with fewer occurrences in training shares one embedding with all unknown ones'),
  splitSeed: z.int().min(0).default(1).describe('seed of the drawn items and of the random split'),
})
/** See {@link clickSplitConfig}. */
export type ClickSplitConfig = z.infer<typeof clickSplitConfig>

/**
 * Labelled samples, split in three, with the vocabulary that training fits.
 * The history of sample s is rows [columns.start[user[s]], end[s]) of the columns, all strictly before its time.
 */
export interface ClickSamples {
  /** Every user's events; those of one item at one time are merged into the deepest behavior. */
  readonly columns: EventColumns
  /** [samples] each. */
  readonly user: Int32Array
  readonly item: Int32Array
  readonly time: Float64Array
  readonly end: Int32Array
  readonly label: Uint8Array
  /** Sample numbers, ascending. */
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly test: Int32Array
  readonly vocabulary: ClickVocabulary
  /** The two cut times of the `time` protocol. */
  readonly cuts?: readonly [number, number]
}
type Parts = Pick<ClickSamples, 'train' | 'validation' | 'test' | 'cuts'>

/** What a run keeps of the dataset it was trained on when it is asked about a later one. */
export interface Kept {
  readonly vocabulary: ClickVocabulary | undefined
  readonly cuts: readonly [number, number] | undefined
}

/**
 * The defaults of a dataset for options that the user did not set: impressions if there are any, the first label, and a
 * split by time.
 * @throws UserError `missing` for the protocol of a dataset that has neither times nor a split
 */
export function clickSplitDefaults(
  manifest: Manifest,
  given: { readonly source?: string; readonly protocol?: string } = {},
): Pick<ClickSplitConfig, 'source' | 'label'> & Partial<Pick<ClickSplitConfig, 'protocol'>> {
  const source = (given.source ?? (manifest.impressions ? 'impressions' : 'drawn')) as ClickSplitConfig['source']
  const label =
    source === 'drawn' ? manifest.target : (Object.keys(manifest.impressions?.labels ?? {})[0] ?? manifest.target)
  if (given.protocol !== undefined) return { source, label }
  if (manifest.time === 'milliseconds') return { source, label, protocol: 'time' }
  if (manifest.ownSplit && source === 'drawn') return { source, label, protocol: 'given' }
  const value = `${manifest.name} has neither times nor a split of its own`
  const hint = 'prepare it from a log with times, or use --split random, which leaks the future'
  throw new UserError({ where: 'split.protocol', problem: 'missing', value, hint })
}

/**
 * The samples of a dataset.
 * `time`: two cuts for all users, at quantiles of the samples' times. `given`: the roles that the source has set.
 * `random`: at random, as in published code (R-D10). In every part a history holds all events strictly before the
 * sample.
 * @param kept the cuts and the vocabulary of a run, in place of those that the dataset would give
 * @throws UserError `unsupported` or `unknown` for a source, label or protocol the dataset does not have, `invalid` for
 * an empty part or training labels of one class
 */
export function clickSamples(dataset: Dataset, settings: ClickSplitConfig, kept?: Kept): ClickSamples {
  const labelled = settings.source === 'drawn' ? drawnOf(dataset, settings) : shownOf(dataset, settings.label)
  const parts = partsOf(dataset.manifest, labelled, settings, kept?.cuts)
  refuseUseless(dataset.manifest, labelled, parts, settings)
  const columns = mergedColumns(dataset.events)
  const { user, item, time, label } = labelled
  const samples = { columns, user, item, time, label, end: endsOf(columns, labelled), ...parts }
  return { ...samples, vocabulary: kept?.vocabulary ?? clickVocabulary(dataset, samples, settings.minimumCount) }
}

/** The same samples with histories of other events of the same users, such as the same without a behavior. */
export function withEvents(samples: ClickSamples, events: Events): ClickSamples {
  const columns = mergedColumns(events)
  return { ...samples, columns, end: endsOf(columns, samples) }
}

function mergedColumns(events: Events): EventColumns {
  const ends = Int32Array.from(events.start.subarray(0, -1), (_, user) =>
    user === 0 ? 0 : (events.start[user + 1] as number),
  )
  return columnsUntil(events, ends, true)
}

function shownOf({ manifest, impressions }: Dataset, label: string): LabelledItems {
  if (!impressions) {
    const hint = 'use --source drawn, or prepare the dataset with impressions.labels in the mapping'
    throw new UserError({
      where: 'split.source',
      problem: 'unsupported',
      value: `impressions, but ${manifest.name} has none`,
      hint,
    })
  }
  const { user, item, time, labels } = impressions
  const found = Object.hasOwn(labels, label) ? labels[label] : undefined
  if (!found) throw unknownName('split.label', label, Object.keys(labels))
  return { user, item, time, label: found }
}

function drawnOf(dataset: Dataset, { label, splitSeed }: ClickSplitConfig): LabelledItems {
  const behavior = dataset.manifest.behaviors.indexOf(label)
  if (behavior < 0) throw unknownName('split.label', label, dataset.manifest.behaviors)
  return drawnSamples(dataset, behavior, splitSeed)
}

function partsOf(
  manifest: Manifest,
  { time, role: roles }: LabelledItems,
  settings: ClickSplitConfig,
  given?: readonly [number, number],
): Parts {
  const { protocol, testShare, validationShare, splitSeed } = settings
  if (protocol === 'random') {
    checkShares(testShare, validationShare)
    return shuffledParts(time.length, settings, splitSeed)
  }
  if (protocol === 'given') {
    if (!manifest.ownSplit || !roles) {
      const value = `given, but ${roles ? manifest.name : `the impressions of ${manifest.name}`} came without a split`
      throw new UserError({
        where: 'split.protocol',
        problem: 'unsupported',
        value,
        hint: 'use --split time or random',
      })
    }
    const having = (wanted: number): Int32Array => numbersWhere(time.length, (sample) => roles[sample] === wanted)
    return { train: having(role.train), validation: having(role.validation), test: having(role.test) }
  }
  if (manifest.time === 'order') {
    const value = `time, but ${manifest.name} has only an order within each user`
    throw new UserError({
      where: 'split.protocol',
      problem: 'unsupported',
      value,
      hint: `use ${manifest.ownSplit ? 'given' : 'random'}`,
    })
  }
  const cuts = given ?? timeCuts(time, { testShare, validationShare, timesFrom: manifest.timesFrom })
  const [validationFrom, testFrom] = cuts
  const within = (from: number, to: number): Int32Array =>
    numbersWhere(time.length, (sample) => (time[sample] as number) >= from && (time[sample] as number) < to)
  return {
    train: within(Number.NEGATIVE_INFINITY, validationFrom),
    validation: within(validationFrom, testFrom),
    test: within(testFrom, Number.POSITIVE_INFINITY),
    cuts,
  }
}

function numbersWhere(count: number, wanted: (sample: number) => boolean): Int32Array {
  const found = new Int32Array(count)
  let at = 0
  for (let sample = 0; sample < count; sample++) if (wanted(sample)) found[at++] = sample
  return found.slice(0, at)
}

function shuffledParts(count: number, { testShare, validationShare }: ClickSplitConfig, seed: number): Parts {
  const order = randomStream(seed, 'click-split').shuffle(Int32Array.from({ length: count }, (_, sample) => sample))
  // As in `timeCuts`, the small number corrects rounding.
  const [trained, validated] = [testShare + validationShare, testShare].map((share) =>
    Math.floor(count * (1 - share) + 1e-9),
  )
  const part = (from?: number, to?: number): Int32Array => order.slice(from, to).sort()
  return { train: part(0, trained), validation: part(trained, validated), test: part(validated) }
}

function refuseUseless(
  { name }: Manifest,
  { label }: LabelledItems,
  { train, test }: Parts,
  settings: ClickSplitConfig,
): void {
  const where = `split of ${name}`
  const hint = 'choose another label, protocol or shares'
  for (const [part, { length }] of Object.entries({ train, test })) {
    if (length === 0)
      throw new UserError({
        where,
        problem: 'invalid',
        value: `none of ${label.length} samples is in the ${part} part`,
        hint,
      })
  }
  const ones = train.reduce((sum, sample) => sum + (label[sample] as number), 0)
  if (ones > 0 && ones < train.length) return
  const value = `label ${settings.label} is ${ones > 0 ? 1 : 0} in all ${train.length} training samples`
  throw new UserError({ where, problem: 'invalid', value, expected: 'both 0 and 1', hint })
}

/** Where each sample's history ends. @throws Bug when a history reaches the sample's own time */
function endsOf(columns: EventColumns, { user, time }: Pick<LabelledItems, 'user' | 'time'>): Int32Array {
  const ends = new Int32Array(user.length)
  for (let sample = 0; sample < ends.length; sample++) {
    const owner = user[sample] as number
    const end = firstRowAt(columns, owner, time[sample] as number)
    if (end > (columns.start[owner] as number) && !((columns.time[end - 1] as number) < (time[sample] as number))) {
      throw new Bug(`the history of sample ${sample} is not strictly before it`)
    }
    ends[sample] = end
  }
  return ends
}
