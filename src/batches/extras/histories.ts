/**
 * @file Losses with one row a history: where each window's last target is read, and places of each history drawn anew
 * at every step.
 */
import { Bug } from '../../errors.ts'
import type { Tensor } from '../../tensor/node.ts'
import { rows as rowsOf } from '../../tensor/rows.ts'
import type { Extra } from '../kind.ts'
import { fillSelection, type ReadTarget } from '../sequences.ts'
import type { Window } from '../windows.ts'

/** What {@link lastTargets} adds; training only. */
export interface LastTargets {
  readonly lastTargets: {
    /** [P, D] -> [B, D]: each window's last target among all targets. */
    readonly of: (x_PD: Tensor) => Tensor
    /** The last event that it sees, [B] int64. */
    readonly event_B: Tensor
    /** The items to predict, [B] int64. */
    readonly item_B: Tensor
    /** The same for each window; 0 for rows that only fill up: [B]. They sum to 1. */
    readonly weight_B: Tensor
  }
}

/** The last target of each window: the one that sees most. */
export function lastTargets(): Extra<LastTargets, readonly Window[]> {
  return {
    recipe: { name: 'lastTargets' },
    declare({ rows, targets }, input) {
      const among = input('lastTargets', [rows], 'int64')
      const amongInverse = input('lastTargetsInverse', [targets], 'int64')
      return {
        lastTargets: {
          of: (x) => rowsOf(x, among, { inverse: amongInverse }),
          event_B: input('lastTargets.event', [rows], 'int64'),
          item_B: input('lastTargets.item', [rows], 'int64'),
          weight_B: input('lastTargets.weight', [rows]),
        },
      }
    },
    fill(windows, { rows, targets }, buffers) {
      if (targets === 0) return
      const whole = (name: string): BigInt64Array | undefined => buffers[name] as BigInt64Array | undefined
      let before = 0
      const last = windows.map(({ targets: own }) => {
        const at = own.reduce(
          (best, { prefix }, index) => (prefix > (own[best] as ReadTarget).prefix ? index : best),
          0,
        )
        const first = before
        before += own.length
        return { slot: first + at, targets: [own[at] as ReadTarget] }
      })
      fillSelection(
        last,
        { list: whole('lastTargets'), inverse: whole('lastTargetsInverse') },
        { room: rows, slots: targets, slotOf: (row) => last[row]?.slot as number },
      )
      const [event, item] = [whole('lastTargets.event'), whole('lastTargets.item')]
      const weight = buffers['lastTargets.weight'] as Float32Array | undefined
      for (const buffer of [event, item]) buffer?.fill(0n)
      weight?.fill(0)
      for (const [
        row,
        {
          targets: [target],
        },
      ] of last.entries()) {
        const { item: next, prefix } = target as ReadTarget
        if (event) event[row] = BigInt(prefix - 1)
        if (item) item[row] = BigInt(next)
        if (weight) weight[row] = 1 / last.length
      }
    },
  }
}

/** What {@link drawnPlaces} adds. */
export interface DrawnPlaces {
  /** 1 at the places that were drawn, else 0: [B, L]; zeros when serving. */
  readonly drawn_BL: Tensor
}

/** A share of each history's places, rounded down, drawn without repeats at every step. */
export function drawnPlaces(share: number): Extra<DrawnPlaces, readonly Window[]> {
  return {
    recipe: { name: 'drawnPlaces', settings: share },
    declare: ({ rows, length }, input) => ({ drawn_BL: input('drawnPlaces', [rows, length]) }),
    fill(windows, { length, targets }, buffers, drawn) {
      const places = buffers['drawnPlaces'] as Float32Array | undefined
      if (!places) return
      places.fill(0)
      if (targets === 0) return
      if (!drawn) throw new Bug('places are drawn in training alone')
      for (const [row, { history }] of windows.entries()) {
        const all = drawn.random.shuffle([...history.item.keys()])
        for (const at of all.slice(0, Math.floor(share * all.length))) places[row * length + at] = 1
      }
    },
  }
}
