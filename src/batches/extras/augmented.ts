/** @file A second view of each history, changed at random: what contrastive models compare a history with. */
import { Bug } from '../../errors.ts'
import type { RandomStream } from '../../random/stream.ts'
import { greater } from '../../tensor/compare.ts'
import { cast, reshape } from '../../tensor/move.ts'
import { integers, type Tensor } from '../../tensor/node.ts'
import { rows as rowsOf } from '../../tensor/rows.ts'
import type { Extra } from '../kind.ts'
import type { Window } from '../windows.ts'

/**
 * How a history is changed: a stretch of it kept, items replaced by a mask, a stretch shuffled (CL4SRec), items after
 * the first left out by chance (UniSRec).
 */
export type Augmentation = 'crop' | 'mask' | 'reorder' | 'drop'

/** How strongly, as shares of a history's length, and what stands for a masked item. */
export interface AugmentationSettings {
  /** One of these is drawn for each history at every step. */
  readonly how: readonly Augmentation[]
  readonly cropShare?: number
  readonly maskShare?: number
  readonly reorderShare?: number
  readonly dropShare?: number
  /** The item index that stands for a masked item. */
  readonly mask?: number
}

/** A history as {@link augmented} changed it. */
export interface View {
  /** Item indices, oldest first, then zeros: [B, L] int64. */
  readonly item_BL: Tensor
  /** 1 where there is an item: [B, L]. */
  readonly mask_BL: Tensor
  /** [B, L, D] -> [B, D]: the last item of each row. */
  readonly atLast: (x_BLD: Tensor) => Tensor
}

/** Adds a changed view of each history under a name; training only. */
export function augmented<Name extends string>(
  name: Name,
  settings: AugmentationSettings,
): Extra<{ readonly [Key in Name]: View }, readonly Window[]> {
  const named = (part: string): string => `${name}.${part}`
  return {
    recipe: { name: 'augmented', settings: { ...settings, view: name } },
    declare({ rows, length }, input) {
      const item_BL = input(named('history'), [rows, length], 'int64')
      const last = input(named('last'), [rows], 'int64')
      const inverse = input(named('lastInverse'), [rows * length], 'int64')
      const view: View = {
        item_BL,
        mask_BL: cast(greater(item_BL, integers([0])), 'float32'),
        atLast: (x) => rowsOf(reshape(x, [-1, x.shape.at(-1) as number]), last, { inverse: inverse }),
      }
      return { [name]: view } as { readonly [Key in Name]: View }
    },
    fill(windows, { rows, length, targets }, buffers, drawn) {
      const history = buffers[named('history')] as BigInt64Array | undefined
      if (!history || targets === 0) return
      if (!drawn) throw new Bug('views are drawn in training alone')
      const [last, inverse] = [buffers[named('last')], buffers[named('lastInverse')]] as (BigInt64Array | undefined)[]
      history.fill(0n)
      inverse?.fill(BigInt(rows))
      for (let row = 0; row < rows; row++) {
        const window = windows[row]
        const items = window ? changed([...window.history.item], settings, drawn.random) : []
        for (const [at, item] of items.entries()) history[row * length + at] = BigInt(item)
        const place = row * length + Math.max(0, items.length - 1)
        if (last) last[row] = BigInt(place)
        if (inverse) inverse[place] = BigInt(row)
      }
    },
  }
}

/**
 * A history with one of the changes made.
 * @throws Bug when items are to be masked and no index stands for a masked one
 */
function changed(items: readonly number[], settings: AugmentationSettings, random: RandomStream): number[] {
  const { how, cropShare = 0.6, maskShare = 0.3, reorderShare = 0.6, dropShare = 0.2, mask } = settings
  const count = items.length
  const chosen = how[random.integer(how.length)] as Augmentation
  if (chosen === 'mask') {
    if (mask === undefined) throw new Bug('an item index must stand for a masked item')
    const hidden = new Set(random.shuffle([...items.keys()]).slice(0, Math.floor(maskShare * count)))
    return items.map((item, at) => (hidden.has(at) ? mask : item))
  }
  if (chosen === 'drop') return items.filter((_, at) => at === 0 || random.uniform() >= dropShare)
  const size = Math.max(1, Math.floor((chosen === 'crop' ? cropShare : reorderShare) * count))
  const from = random.integer(Math.max(1, count - size + 1))
  const stretch = items.slice(from, from + size)
  if (chosen === 'crop') return stretch
  return [...items.slice(0, from), ...random.shuffle(stretch), ...items.slice(from + size)]
}
