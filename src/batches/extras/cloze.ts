/**
 * @file The cloze task of BERT4Rec: which items of a window are hidden behind [MASK], to be predicted from the rest.
 */
import type { BehaviorIndex, Manifest } from '../../dataset/schema.ts'
import { Bug } from '../../errors.ts'
import type { RandomStream } from '../../random/stream.ts'
import { reshape, slice } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { rows as rowsOf } from '../../tensor/rows.ts'
import type { BatchShape, Extra } from '../kind.ts'
import { fillSelection, fillWeighted, type ReadTarget } from '../sequences.ts'
import type { Window } from '../windows.ts'

/** A window as a model sees it: places at the end of the row are its last ones. */
export interface MaskedWindow {
  readonly history: {
    readonly item: Int32Array
    /** 1 + the behavior of each place, 0 where there is no event. */
    readonly behavior: Int32Array
  }
  readonly targets: readonly ReadTarget[]
}

/** What {@link cloze} adds: histories of one place more, the end of which is always filled. */
export interface Cloze {
  readonly cloze: {
    /** L + 1 */
    readonly length: number
    /** Zeros, then items, some of which are [MASK]; when serving the last one alone: [B, L + 1] int64. */
    readonly item_BL: Tensor
    /** 1 + the behavior of each place, also of masked ones, 0 where there is no event: [B, L + 1] int64. */
    readonly behavior_BL: Tensor
    /** [B, L + 1, D] -> [P, D]: the masked places; when serving the last place of each row. */
    readonly atMasks: (x_BLD: Tensor) => Tensor
    /** The masked items and their weights, which sum to 1: [P]. Training only. */
    readonly target_P: Tensor
    readonly weight_P: Tensor
  }
}

/** Hides items of each window behind [MASK]. */
export function cloze(settings: ClozeSettings): Extra<Cloze, readonly Window[]> {
  const { maskShare } = settings
  /**
   * A window has one place more than events before its last, and room for as many masks as its longest row may have.
   */
  const sizes = ({ rows, length, targets }: BatchShape) => ({
    rows,
    length: length + 1,
    room: targets === 0 ? 0 : rows * maskCount(length + 1, maskShare),
  })
  return {
    recipe: { name: 'cloze', settings },
    declare(shape, input) {
      const { rows, length, room } = sizes(shape)
      const sources = input('cloze.sources', [room], 'int64')
      const inverse = input('cloze.sourcesInverse', [rows * length], 'int64')
      return {
        cloze: {
          length,
          item_BL: input('cloze.history', [rows, length], 'int64'),
          behavior_BL: input('cloze.behavior', [rows, length], 'int64'),
          atMasks(x) {
            const width = x.shape.at(-1) as number
            if (room > 0) return rowsOf(reshape(x, [-1, width]), sources, { inverse: inverse })
            return reshape(slice(reshape(x, [rows, -1, width]), 1, length - 1, length), [rows, width])
          },
          target_P: input('cloze.targets', [room], 'int64'),
          weight_P: input('cloze.weights', [room]),
        },
      }
    },
    fill(windows, shape, buffers, drawn) {
      const { rows, length, room } = sizes(shape)
      const seen = windows.map((window) => {
        if (room === 0) return asked(window, settings, length)
        if (!drawn) throw new Bug('masks are drawn in training alone')
        const { random, data } = drawn
        const candidates = settings.hideTwins ? data.dataset.manifest.candidates : undefined
        return masked(window, { ...settings, candidates }, length, random)
      })
      for (const [name, of] of [
        ['cloze.history', 'item'],
        ['cloze.behavior', 'behavior'],
      ] as const) {
        const places = buffers[name] as BigInt64Array | undefined
        if (!places) continue
        places.fill(0n)
        for (const [row, { history }] of seen.entries())
          for (const [at, value] of history[of].entries()) places[row * length + at] = BigInt(value)
      }
      if (room === 0) return
      const weights = buffers['cloze.weights'] as Float32Array
      fillWeighted(seen, room, { items: buffers['cloze.targets'] as BigInt64Array, weights })
      const selection = { list: buffers['cloze.sources'], inverse: buffers['cloze.sourcesInverse'] }
      fillSelection(seen, selection as Record<keyof typeof selection, BigInt64Array>, {
        room,
        slots: rows * length,
        slotOf: (row, { prefix }) => row * length + prefix - 1,
      })
    },
  }
}

/** How masks are put. */
export interface ClozeSettings {
  /** The index that stands for [MASK]. */
  readonly mask: number
  /** Share of a window's items that are masked. */
  readonly maskShare: number
  /** Share of the windows whose last item alone is masked. */
  readonly lastShare: number
  /** Weight of a masked item by its behavior; 0 is never masked. */
  readonly weights: readonly number[]
  /** The behavior that is asked for when serving; of models that read behaviors. */
  readonly asks?: BehaviorIndex
  /**
   * Whether a window loses the other events of a masked item that would give it away: those at its time and, where an
   * item once touched is no candidate any more, all of them.
   */
  readonly hideTwins?: boolean
}

/** How many items of a window of `length` items are masked, at least one. */
export const maskCount = (length: number, share: number): number => Math.max(1, Math.round(share * length))

/** A history with [MASK] behind it, at the end of `length` places: what is asked when serving. */
export function asked({ history }: Window, { mask, asks = 0 }: ClozeSettings, length: number): MaskedWindow {
  const behavior = [...history.behavior, asks].map((one) => one + 1)
  return { history: { item: atEnd([...history.item, mask], length), behavior: atEnd(behavior, length) }, targets: [] }
}

/** How a training window is masked. */
interface MaskSettings extends ClozeSettings {
  /** What may be ranked, where twins are hidden. */
  readonly candidates?: Manifest['candidates'] | undefined
}

/**
 * A window's history and the target that comes after all of it, at the end of `length` places, with [MASK] for some of
 * the items, which become the targets: each is read at its own place.
 * @throws Bug when no target comes after the whole history
 */
export function masked(
  { history, targets }: Window,
  settings: MaskSettings,
  length: number,
  random: RandomStream,
): MaskedWindow {
  const { mask, maskShare, lastShare, weights, candidates } = settings
  const end = history.item.length
  const next = targets.find(({ prefix }) => prefix === end)
  if (!next) throw new Bug(`no target after all ${end} events of a window`)
  const events = Array.from(
    history.item,
    (item, at): Event => ({
      item,
      behavior: history.behavior[at] as number,
      time: history.time[at] as number,
    }),
  )
  // What comes next is later than all that.
  events.push({ ...next, time: Number.POSITIVE_INFINITY })
  const weightOf = ({ behavior }: Event): number => weights[behavior] as number
  const places = [...events.keys()].filter((at) => weightOf(events[at] as Event) > 0)
  const drawn =
    random.uniform() < lastShare ? [end] : random.shuffle(places).slice(0, maskCount(events.length, maskShare))
  const chosen = new Set(drawn.map((at) => events[at] as Event))
  const seen = candidates ? withoutTwins(events, chosen, candidates) : events
  const before = length - seen.length
  const hidden = [...chosen].map((event) => {
    return { item: event.item, prefix: before + seen.indexOf(event) + 1, weight: weightOf(event) }
  })
  const item = seen.map((event) => (chosen.has(event) ? mask : event.item))
  const behavior = seen.map((event) => event.behavior + 1)
  return { history: { item: atEnd(item, length), behavior: atEnd(behavior, length) }, targets: hidden }
}

/** An event of a window. */
interface Event {
  readonly item: number
  readonly behavior: number
  readonly time: number
}

/** The events but those that are not chosen and tell the item of one that is. */
function withoutTwins(
  events: readonly Event[],
  chosen: ReadonlySet<Event>,
  candidates: Manifest['candidates'],
): readonly Event[] {
  const isTwin = (event: Event, of: Event): boolean =>
    event.item === of.item && (candidates === 'unseen' || event.time === of.time)
  return events.filter((event) => chosen.has(event) || ![...chosen].some((of) => isTwin(event, of)))
}

function atEnd(items: readonly number[], length: number): Int32Array {
  const places = new Int32Array(length)
  places.set(items, length - items.length)
  return places
}
