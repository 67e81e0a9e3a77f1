/**
 * @file Batches of users' histories: what every next-item model reads. In training a row is a window of a user's events
 * with the targets it should predict; when serving it is a history whose next event is asked for.
 */

import type { Dataset } from '../dataset/schema.ts'
import { Bug, UserError } from '../errors.ts'
import { greater } from '../tensor/compare.ts'
import { cast, reshape } from '../tensor/move.ts'
import { integers, type Tensor } from '../tensor/node.ts'
import { rows as rowsOf, rowsWithin } from '../tensor/rows.ts'
import { type BatchKind, type BatchShape, batchKind, counted, type InputBuffers } from './kind.ts'
import { bucketLengths } from './lengths.ts'
import type { Window, WindowTarget } from './windows.ts'
import { bucketsOf, epochBatches, makeWindows, trainingWindows, type WindowSettings } from './windows.ts'

/** How windows are cut, and to which lengths they are padded. */
export interface SequenceSettings extends WindowSettings {
  /**
   * `buckets`: each window is padded to the next of a few lengths. `fixed`: every window has the full length, for
   * models that mix places and would read a shorter batch differently.
   */
  readonly lengths?: 'buckets' | 'fixed'
  /** Users the model has rows for; a history of anybody else is user 0. */
  readonly userCount?: number
}

/** A symbolic batch of histories. P = targets in training, rows when serving. */
export interface Sequences {
  readonly rows: number
  readonly length: number
  readonly serving: boolean
  /** The user of each row [B] int64; 0 for somebody the model does not know. */
  readonly user_B: Tensor
  /** Item indices, oldest first, then zeros: [B, L] int64. */
  readonly item_BL: Tensor
  /** 1 + the behavior of each event, 0 where there is none: [B, L] int64. */
  readonly behavior_BL: Tensor
  /** 1 where there is an event, else 0: [B, L]. */
  readonly mask_BL: Tensor
  /** [B, L, D] -> [P, D]: the last event that each target sees. */
  readonly atLast: (x_BLD: Tensor) => Tensor
  /** The last event of each row [B] int64, where rows are read there and nowhere else. */
  readonly last_B: Tensor | undefined
  /**
   * How many events each of a window's Q places sees, 0 where a place is not used: [B, Q] int64. A served history has
   * one place.
   */
  readonly seen_BQ: Tensor
  /** [B, Q, D] -> [P, D]: the place of each target. */
  readonly atPlaces: (x_BQD: Tensor) => Tensor
  /**
   * The items to predict [P] int64 and their weights [P], which sum to 1; rows that only fill up have weight 0.
   * Training only.
   */
  readonly target_P: Tensor
  readonly weight_P: Tensor
}

/** A kind of batch of windows. */
export type SequenceKind<Batch = Sequences> = BatchKind<Batch, readonly Window[]>

const flat = (x: Tensor): Tensor => reshape(x, [-1, x.shape.at(-1) as number])

/** Q, the places of a window: all P targets must fit into B * Q. A served window has one. */
function placesOf({ rows, targets, targetsPerRow }: BatchShape): number {
  return targets === 0 ? 1 : Math.max(targetsPerRow ?? targets, Math.ceil(targets / rows))
}

/** Batches of histories. */
export function sequences(settings: SequenceSettings): SequenceKind {
  return batchKind<Sequences, readonly Window[]>({
    recipe: [{ name: 'sequences', settings }],
    smallest: { rows: 1, length: settings.maxLength, targets: 1, targetsPerRow: 1 },
    declare(shape, input) {
      const { rows, length, targets, lastOnly = false } = shape
      const serving = targets === 0
      const places = placesOf(shape)
      const item_BL = input('history', [rows, length], 'int64')
      const last = input('last', [rows], 'int64')
      const sources = input('sources', [targets], 'int64')
      const sourcesInverse = input('sourcesInverse', [rows * length], 'int64')
      const placeOfEach = input('places', [targets], 'int64')
      const placesInverse = input('placesInverse', [rows * places], 'int64')
      return {
        rows,
        length,
        serving,
        user_B: input('userIndex', [rows], 'int64'),
        item_BL,
        behavior_BL: input('behavior', [rows, length], 'int64'),
        mask_BL: cast(greater(item_BL, integers([0])), 'float32'),
        atLast: (x) =>
          serving
            ? flat(rowsWithin(x, reshape(last, [rows, 1])))
            : rowsOf(flat(x), sources, { inverse: sourcesInverse }),
        last_B: serving || lastOnly ? last : undefined,
        seen_BQ: input('seen', [rows, places], 'int64'),
        atPlaces: (x) => (serving ? flat(x) : rowsOf(flat(x), placeOfEach, { inverse: placesInverse })),
        target_P: input('targets', [targets], 'int64'),
        weight_P: input('weights', [targets]),
      }
    },
    fill: (windows, shape, buffers) => fillSequences(windows, shape, buffers, settings),
    training({ dataset, split }, { slug, batchSize, seed }, fill) {
      if (!split) throw new Bug('sequences train on a split of events')
      const windows = trainingWindows(dataset.events, split, dataset.manifest.candidates, settings)
      if (windows.targetCount === 0) throw nothingToTrain(dataset, slug)
      const cut = {
        batchSize,
        lengths: settings.lengths === 'fixed' ? [settings.maxLength] : bucketLengths(settings.maxLength),
        seed,
      }
      const buckets = bucketsOf(windows, settings, cut)
      const shapes = new Map(
        buckets.map((bucket): [typeof bucket, BatchShape] => {
          const { rows, length, targets, targetsPerRow } = bucket
          return [bucket, { rows, length, targets, targetsPerRow }]
        }),
      )
      return {
        size: `${counted(windows.targetCount)} targets in ${counted(windows.rows.length)} windows`,
        shapes: [...shapes.values()],
        epoch: (epoch) =>
          epochBatches(windows, settings, buckets, cut, epoch).map((batch) => {
            const shape = shapes.get(batch.bucket) as BatchShape
            return {
              shape,
              fill(buffers, random) {
                const chosen = makeWindows(windows, batch, settings, seed, epoch)
                fill(chosen, shape, buffers, random)
                return chosen.reduce((sum, { targets }) => sum + targets.length, 0)
              },
            }
          }),
      }
    },
  })
}

const whole = (buffers: InputBuffers, name: string): BigInt64Array | undefined =>
  buffers[name] as BigInt64Array | undefined

/** Fills what a graph reads of {@link Sequences}. @throws Bug when targets do not fit */
function fillSequences(
  windows: readonly Window[],
  shape: BatchShape,
  buffers: InputBuffers,
  { userCount = Number.POSITIVE_INFINITY }: SequenceSettings,
): void {
  const [user, history, behavior] = [whole(buffers, 'userIndex'), whole(buffers, 'history'), whole(buffers, 'behavior')]
  const [last, seen] = [whole(buffers, 'last'), whole(buffers, 'seen')]
  for (const buffer of [user, history, behavior, last, seen]) buffer?.fill(0n)
  for (const [row, { history: events }] of windows.entries()) {
    const count = events.item.length
    const begin = row * shape.length
    if (user) user[row] = BigInt(events.user <= userCount ? events.user : 0)
    if (history) for (let at = 0; at < count; at++) history[begin + at] = BigInt(events.item[at] as number)
    if (behavior) for (let at = 0; at < count; at++) behavior[begin + at] = BigInt((events.behavior[at] as number) + 1)
    // An empty history reads the padding at its first position.
    if (last) last[row] = BigInt(Math.max(0, count - 1))
    if (seen && shape.targets === 0) seen[row] = BigInt(count)
  }
  if (shape.targets > 0) fillTargets(windows, shape, buffers)
}

function fillTargets(windows: readonly Window[], shape: BatchShape, buffers: InputBuffers): void {
  const { rows, length, targets: room } = shape
  fillWeighted(windows, room, {
    items: whole(buffers, 'targets'),
    weights: buffers['weights'] as Float32Array | undefined,
  })
  const places = placesOf(shape)
  const sources = { list: whole(buffers, 'sources'), inverse: whole(buffers, 'sourcesInverse') }
  fillSelection(windows, sources, {
    room,
    slots: rows * length,
    slotOf: (row, { prefix }) => row * length + prefix - 1,
  })
  const seen = whole(buffers, 'seen')
  const selection = { list: whole(buffers, 'places'), inverse: whole(buffers, 'placesInverse') }
  fillSelection(windows, selection, {
    room,
    slots: rows * places,
    slotOf(row, { prefix }, index) {
      if (index >= places) throw new Bug(`target ${index + 1} of a window with room for ${places}`)
      const slot = row * places + index
      if (seen) seen[slot] = BigInt(prefix)
      return slot
    },
  })
}

/** A target, and how many of its row's places it sees. */
export type ReadTarget = Pick<WindowTarget, 'item' | 'prefix' | 'weight'>
/** The targets of one row. */
interface Readers {
  readonly targets: readonly ReadTarget[]
}

/** The items to predict of windows and their weights, which sum to 1. @throws Bug when they do not fit */
export function fillWeighted(
  windows: readonly Readers[],
  room: number,
  { items, weights }: { readonly items: BigInt64Array | undefined; readonly weights: Float32Array | undefined },
): void {
  items?.fill(0n)
  weights?.fill(0)
  let used = 0
  for (const { targets } of windows) {
    for (const { item, weight } of targets) {
      if (used === room) throw new Bug(`a batch has more than the ${room} targets it has room for`)
      if (items) items[used] = BigInt(item)
      if (weights) weights[used] = weight
      used++
    }
  }
  if (!weights) return
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (let at = 0; at < used; at++) weights[at] = (weights[at] as number) / total
}

/** Where each target is read, and for each slot which target reads it. */
export interface Selection {
  readonly list: BigInt64Array | undefined
  /** The number of targets where none does. */
  readonly inverse: BigInt64Array | undefined
}

/** The slots that targets can read. */
export interface SelectionSlots {
  /** P, all targets of the batch. */
  readonly room: number
  readonly slots: number
  readonly slotOf: (row: number, target: ReadTarget, index: number) => number
}

/** Fills a selection. @throws Bug when two targets read one slot or slots run out */
export function fillSelection(
  windows: readonly Readers[],
  { list, inverse }: Selection,
  { room, slots, slotOf }: SelectionSlots,
): void {
  const none = BigInt(room)
  inverse?.fill(none)
  let used = 0
  for (const [row, { targets }] of windows.entries()) {
    for (const [index, target] of targets.entries()) {
      const slot = slotOf(row, target, index)
      if (inverse && inverse[slot] !== none) throw new Bug(`two targets of a batch read slot ${slot}`)
      if (list) list[used] = BigInt(slot)
      if (inverse) inverse[slot] = BigInt(used)
      used++
    }
  }
  if (!list || !inverse) return
  // Rows that only fill up must still read different slots: the inverse names each at most once.
  for (let free = 0; used < room; free++) {
    if (free >= slots) throw new Bug(`${room} targets for ${slots} slots`)
    if (inverse[free] === none) list[used++] = BigInt(free)
  }
}

function nothingToTrain({ manifest, folder }: Dataset, slug: string): UserError {
  const { events, users } = manifest.counts
  return new UserError({
    where: folder,
    problem: 'empty',
    value: `${events} events of ${users} users hold nothing that ${slug} can learn to predict`,
    expected: `users with "${manifest.target}" events after earlier ones`,
    hint: 'check the behaviors and filters of prepare',
  })
}
