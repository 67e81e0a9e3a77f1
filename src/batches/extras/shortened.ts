/** @file Histories that are cut to their last few events, drawn anew at every step: what somebody new looks like. */
import { Bug } from '../../errors.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { Extra } from '../kind.ts'
import { warmthOf } from '../users.ts'
import type { Window } from '../windows.ts'

/** Which histories are cut, and to how many events. */
export interface ShortenedSettings {
  /** Share of the histories. */
  readonly share: number
  /** Events that are left at most; how many is drawn. */
  readonly most: number
  /** Training events of a user whose histories may be cut. */
  readonly warmEvents: number
}

/** What {@link shortened} adds. */
export interface Shortened {
  /** 1 for a history that is cut, else 0: [B]; zeros when serving. */
  readonly cut_B: Tensor
  /** How many of its last events are left: [B]. */
  readonly left_B: Tensor
}

/** A share of the histories of warm users. */
export function shortened(settings: ShortenedSettings): Extra<Shortened, readonly Window[]> {
  const { share, most, warmEvents } = settings
  return {
    recipe: { name: 'shortened', settings },
    declare: ({ rows }, input) => ({ cut_B: input('cut', [rows]), left_B: input('left', [rows]) }),
    fill(windows, { targets }, buffers, drawn) {
      const [cut, left] = [buffers['cut'], buffers['left']] as (Float32Array | undefined)[]
      cut?.fill(0)
      left?.fill(0)
      if (targets === 0 || !cut) return
      if (!drawn) throw new Bug('histories are cut in training alone')
      const isWarm = warmthOf(drawn.data, warmEvents)
      for (const [row, { history }] of windows.entries()) {
        const [isCut, few] = [drawn.random.uniform() < share, drawn.random.integer(most + 1)]
        if (!isCut || !isWarm(history.user)) continue
        cut[row] = 1
        if (left) left[row] = few
      }
    },
  }
}
