/** @file The cloze task of BERT4Rec: which items of a window are hidden behind [MASK], to be predicted from the rest. */
import type { Window } from '../../batches/windows.ts'
import { Bug } from '../../errors.ts'
import type { RandomStream } from '../../random/stream.ts'
import type { FilledWindow } from '../parts/fill-sequence.ts'

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
export function asked({ history }: Window, { mask }: ClozeSettings, length: number): FilledWindow {
  return { history: { item: atEnd([...history.item, mask], length) }, targets: [] }
}

/**
 * A window's history and the target that comes after all of it, at the end of `length` places, with [MASK] for some of the items, which become the
 * targets: each is read at its own place.
 * @throws Bug when no target comes after the whole history
 */
export function masked(
  { history, targets }: Window,
  settings: ClozeSettings,
  length: number,
  random: RandomStream,
): FilledWindow {
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
