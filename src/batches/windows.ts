/** @file Training windows: stretches of a user's events with the targets each should predict, and their batches. */
import { columnsUntil, type EventColumns, mergeBehaviors } from '../dataset/event-columns.ts'
import type { Events, History, Manifest, Split } from '../dataset/schema.ts'
import { randomStream } from '../random/stream.ts'

/** How a model wants its training windows cut. */
export interface WindowSettings {
  /** L at most. */
  readonly maxLength: number
  /** Events of a user between two windows' ends. */
  readonly stride: number
  /** Weight of a target by its behavior; 0 leaves it out. */
  readonly targetWeights: readonly number[]
  /** Whether events of one item at one time count once (a model blind to behaviors would see them twice). */
  readonly mergeBehaviors: boolean
  /** Whether a position may be read by one target only; of several, one is drawn anew each epoch. */
  readonly onePerPosition: boolean
  /** Whether each target has a window of its own, as long as it can be. */
  readonly onePerWindow?: boolean
  /**
   * A behavior whose targets train every epoch, and as many windows of all other behaviors, drawn anew each time; for
   * windows of one target.
   */
  readonly evenWith?: number
  /** How many of a user's last training events are used; all where it is absent. */
  readonly recent?: number
}

/** A window by reference: rows [begin, end) of the columns, and its targets [firstTarget, lastTarget). */
interface WindowRows {
  readonly user: number
  readonly begin: number
  readonly end: number
  readonly targets: readonly TargetRow[]
}
interface TargetRow {
  readonly row: number
  readonly prefix: number
  readonly weight: number
}

/** One event to predict from the first `prefix` events of its window. */
export interface WindowTarget {
  readonly item: number
  readonly behavior: number
  readonly prefix: number
  readonly weight: number
}
/** A window with its views. */
export interface Window {
  readonly history: History
  readonly targets: readonly WindowTarget[]
}

/** The last events of a history, seen as the model was trained to see them: what is asked when serving. */
export function servedWindow(history: History, settings: Pick<WindowSettings, 'maxLength' | 'mergeBehaviors'>): Window {
  const whole = settings.mergeBehaviors ? mergeBehaviors(history) : history
  const from = Math.max(0, whole.item.length - settings.maxLength)
  const cut = {
    user: whole.user,
    item: whole.item.subarray(from),
    behavior: whole.behavior.subarray(from),
    time: whole.time.subarray(from),
  }
  return { history: cut, targets: [] }
}

/** Every training window of a dataset. */
export interface TrainingWindows {
  readonly columns: EventColumns
  readonly rows: readonly WindowRows[]
  readonly targetCount: number
}
/**
 * Cuts the training events into windows. A target is read from events strictly earlier than it (R-M15); with
 * `candidates` 'unseen' an item the user touched before is no target, since it is never ranked.
 */
export function trainingWindows(
  events: Events,
  split: Split,
  candidates: Manifest['candidates'],
  settings: WindowSettings,
): TrainingWindows {
  const columns = columnsUntil(events, split.trainEnd, settings.mergeBehaviors)
  const rows: WindowRows[] = []
  let targetCount = 0
  for (let user = 1; user < split.trainEnd.length; user++) {
    for (const window of userWindows(columns, user, candidates, settings)) {
      rows.push(window)
      targetCount += window.targets.length
    }
  }
  return { columns, rows, targetCount }
}

function userWindows(
  { item, behavior, time, start }: EventColumns,
  user: number,
  candidates: Manifest['candidates'],
  settings: WindowSettings,
): WindowRows[] {
  const [oldest, end] = [start[user] as number, start[user + 1] as number]
  const { maxLength, stride, targetWeights, recent = Number.POSITIVE_INFINITY } = settings
  const begin = Math.max(oldest, end - recent)
  const byWindow = new Map<number, { readonly from: number; readonly targets: TargetRow[] }>()
  const seen = new Set<number>()
  for (let row = oldest, first = oldest; row < end; row++) {
    // Events at one time share what came before them: the first of them says how much that is.
    if (time[row] !== time[first]) {
      for (; first < row; first++) seen.add(item[first] as number)
    }
    const weight = targetWeights[behavior[row] as number] as number
    const prefix = first - begin
    if (prefix <= 0 || weight === 0 || (candidates === 'unseen' && seen.has(item[row] as number))) continue
    const skipped = settings.onePerWindow
      ? Math.max(0, prefix - maxLength)
      : Math.max(0, Math.ceil((prefix - maxLength) / stride)) * stride
    const key = settings.onePerWindow ? row : skipped
    const window = byWindow.get(key)
    const target = { row, prefix: prefix - skipped, weight }
    if (window) window.targets.push(target)
    else byWindow.set(key, { from: begin + skipped, targets: [target] })
  }
  return [...byWindow.values()].map(({ from, targets }) => {
    return { user, begin: from, end: from + Math.max(...targets.map(({ prefix }) => prefix)), targets }
  })
}

/** How an epoch's windows become batches. */
export interface BatchSettings {
  readonly batchSize: number
  /** Lengths to pad to, ascending; the last is the longest window. */
  readonly lengths: readonly number[]
  readonly seed: number
}
/** The sizes of one bucket's batches. */
export interface Bucket {
  readonly length: number
  readonly rows: number
  /** Room for targets in one batch. */
  readonly targets: number
  /** The most targets of any one window. */
  readonly targetsPerRow: number
}
/** Windows, by their number in `TrainingWindows.rows`, that train together. */
export interface Batch {
  readonly bucket: Bucket
  readonly windows: readonly number[]
}

/** Whether two targets of a window that read one position count as one. */
function targetsOf({ targets }: WindowRows, onePerPosition: boolean): number {
  return onePerPosition ? new Set(targets.map(({ prefix }) => prefix)).size : targets.length
}

/** The buckets a dataset needs, with room for a quarter more targets than an average batch has. */
export function bucketsOf(
  { rows }: TrainingWindows,
  { onePerPosition }: WindowSettings,
  { batchSize, lengths }: BatchSettings,
): Bucket[] {
  return lengths.flatMap((length, index) => {
    const members = rows.filter(({ begin, end }) => end - begin <= length && end - begin > (lengths[index - 1] ?? -1))
    if (members.length === 0) return []
    const counts = members.map((window) => targetsOf(window, onePerPosition))
    const size = Math.min(batchSize, members.length)
    const mean = counts.reduce((sum, count) => sum + count, 0) / members.length
    const room = Math.ceil((mean * size * 1.25) / 32) * 32
    const most = onePerPosition ? size * length : room
    const targetsPerRow = counts.reduce((largest, count) => Math.max(largest, count), 1)
    return [{ length, rows: size, targets: Math.max(Math.min(room, most), targetsPerRow), targetsPerRow }]
  })
}

/**
 * The batches of one epoch: windows shuffled, packed by bucket, batches shuffled; fully determined by the seed and the
 * epoch.
 */
export function epochBatches(
  windows: TrainingWindows,
  settings: WindowSettings,
  buckets: readonly Bucket[],
  { seed }: BatchSettings,
  epoch: number,
): Batch[] {
  const stream = randomStream(seed, 'epoch', epoch)
  const shuffled = stream.shuffle(Int32Array.from(windows.rows, (_, index) => index))
  const order = settings.evenWith === undefined ? shuffled : evened(windows, shuffled, settings.evenWith)
  const batches: Batch[] = []
  const open = new Map<Bucket, { windows: number[]; targets: number }>()
  for (const number of order) {
    const window = windows.rows[number] as WindowRows
    const bucket = buckets.find(({ length }) => window.end - window.begin <= length) as Bucket
    const count = targetsOf(window, settings.onePerPosition)
    let filling = open.get(bucket)
    if (filling && (filling.windows.length === bucket.rows || filling.targets + count > bucket.targets)) {
      batches.push({ bucket, windows: filling.windows })
      filling = undefined
    }
    if (filling) {
      filling.windows.push(number)
      filling.targets += count
    } else open.set(bucket, { windows: [number], targets: count })
  }
  for (const [bucket, { windows }] of open) batches.push({ bucket, windows })
  const places = stream.shuffle(Int32Array.from(batches, (_, index) => index))
  return Array.from(places, (place) => batches[place] as Batch)
}

/** The windows of a behavior's targets, and the first of the others, as many. */
function evened({ columns, rows }: TrainingWindows, order: Int32Array, behavior: number): Int32Array {
  const isOf = (number: number): boolean =>
    (rows[number] as WindowRows).targets.some(({ row }) => columns.behavior[row] === behavior)
  let left = order.reduce((count, number) => count + (isOf(number) ? 1 : 0), 0)
  return order.filter((number) => isOf(number) || left-- > 0)
}

/**
 * The windows of a batch with their views; of several targets at one position one is drawn for this epoch, with their
 * weights' sum.
 */
export function makeWindows(
  { columns, rows }: TrainingWindows,
  batch: Batch,
  settings: WindowSettings,
  seed: number,
  epoch: number,
): Window[] {
  return batch.windows.map((number) => {
    const { user, begin, end, targets } = rows[number] as WindowRows
    const history = {
      user,
      item: columns.item.subarray(begin, end),
      behavior: columns.behavior.subarray(begin, end),
      time: columns.time.subarray(begin, end),
    }
    const chosen = settings.onePerPosition ? drawPerPosition(targets, seed, epoch, number) : targets
    return {
      history,
      targets: chosen.map(({ row, prefix, weight }) => ({
        item: columns.item[row] as number,
        behavior: columns.behavior[row] as number,
        prefix,
        weight,
      })),
    }
  })
}

function drawPerPosition(targets: readonly TargetRow[], seed: number, epoch: number, window: number): TargetRow[] {
  const byPrefix = new Map<number, TargetRow[]>()
  for (const target of targets) {
    const group = byPrefix.get(target.prefix)
    if (group) group.push(target)
    else byPrefix.set(target.prefix, [target])
  }
  if (byPrefix.size === targets.length) return [...targets]
  const stream = randomStream(seed, 'ties', epoch, window)
  return [...byPrefix.values()].map((group) => {
    const total = group.reduce((sum, { weight }) => sum + weight, 0)
    // Drawn in proportion to its weight and given the whole: the expected gradient is that of all of them.
    let left = stream.uniform() * total
    const drawn = group.find(({ weight }) => (left -= weight) < 0) ?? group.at(-1)
    return { ...(drawn as TargetRow), weight: total }
  })
}
