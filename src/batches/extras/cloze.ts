/**
 * @file The cloze task of BERT4Rec: which items of a window are hidden behind [MASK], to be predicted from the rest.
 */
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
  readonly history: { readonly item: Int32Array }
  readonly targets: readonly ReadTarget[]
}

/** What {@link cloze} adds: histories of one place more, the end of which is always filled. */
export interface Cloze {
  readonly cloze: {
    /** L + 1 */
    readonly length: number
    /** Zeros, then items, some of which are [MASK]; when serving the last one alone: [B, L + 1] int64. */
    readonly item_BL: Tensor
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
        return masked(window, settings, length, drawn.random)
      })
      const history = buffers['cloze.history'] as BigInt64Array
      history.fill(0n)
      for (const [row, { history: events }] of seen.entries()) {
        for (const [at, item] of events.item.entries()) history[row * length + at] = BigInt(item)
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
}

/** How many items of a window of `length` items are masked, at least one. */
export const maskCount = (length: number, share: number): number => Math.max(1, Math.round(share * length))

/** A history with [MASK] behind it, at the end of `length` places: what is asked when serving. */
export function asked({ history }: Window, { mask }: ClozeSettings, length: number): MaskedWindow {
  return { history: { item: atEnd([...history.item, mask], length) }, targets: [] }
}

/**
 * A window's history and the target that comes after all of it, at the end of `length` places, with [MASK] for some of
 * the items, which become the targets: each is read at its own place.
 * @throws Bug when no target comes after the whole history
 */
export function masked(
  { history, targets }: Window,
  settings: ClozeSettings,
  length: number,
  random: RandomStream,
): MaskedWindow {
  const { mask, maskShare, lastShare, weights } = settings
  const end = history.item.length
  const next = targets.find(({ prefix }) => prefix === end)
  if (!next) throw new Bug(`no target after all ${end} events of a window`)
  const items = [...history.item, next.item]
  const weightAt = (at: number): number =>
    weights[at === end ? next.behavior : (history.behavior[at] as number)] as number
  const places = [...items.keys()].filter((at) => weightAt(at) > 0)
  const chosen =
    random.uniform() < lastShare ? [end] : random.shuffle(places).slice(0, maskCount(items.length, maskShare))
  const seen = items.map((item, at) => (chosen.includes(at) ? mask : item))
  const before = length - items.length
  const hidden = chosen.map((at) => ({ item: items[at] as number, prefix: before + at + 1, weight: weightAt(at) }))
  return { history: { item: atEnd(seen, length) }, targets: hidden }
}

function atEnd(items: readonly number[], length: number): Int32Array {
  const places = new Int32Array(length)
  places.set(items, length - items.length)
  return places
}
