/** @file The inputs of M³BSR's graphs, which the host fills: events, who sees whom, and what each target reads. */
import { input, type Tensor } from '../../tensor/node.ts'
import type { BatchShape } from '../contract/model.ts'

/** Sizes that name and shape the inputs. */
export interface Layout {
  /** K, the number of behaviors. */
  readonly behaviors: number
  readonly target: number
  readonly userCount: number
  /** Every event of a window sees every other, as the paper's rows of one target do; else only what came before it. */
  readonly wholeWindow: boolean
}

/** Q, the targets a window has room for: all M targets must fit into B * Q places. A served window has one. */
export function places({ rows, targets, targetsPerRow }: BatchShape): number {
  return targets === 0 ? 1 : Math.max(targetsPerRow ?? targets, Math.ceil(targets / rows))
}

/** Ages of a last event that are told apart: one more is as old as the oldest. */
export const ages = 32

/** Inputs of one shape. Biases hold 0 where a key may be seen and a large negative number where not. */
export function graphInputs({ behaviors }: Layout, shape: BatchShape) {
  const { rows, length, targets } = shape
  const slots = places(shape)
  const each = <Value>(make: (behavior: number) => Value): Value[] =>
    Array.from({ length: behaviors }, (_, behavior) => make(behavior))
  return {
    history: input('history', [rows, length], 'int64'),
    userIndex: input('userIndex', [rows], 'int64'),
    /** 1 where the event is of the behavior; zeros at the padding. */
    flags: input('flags', [rows, length, behaviors]),
    /** Each position sees its own behavior's events up to its time. */
    own: input('own', [rows, length, length]),
    /** An auxiliary position sees the target behavior's events before its time (R-M17). */
    condition: input('condition', [rows, length, length]),
    /** Each position sees the target behavior's events up to its time, or without any the others' (R-M9). */
    shared: input('shared', [rows, length, length]),
    /** 1 / number of events at each event. */
    eventWeights: input('eventWeights', [rows, length]),
    /** 1 where an auxiliary event has a target event to be denoised by. */
    denoised: input('denoised', [rows, length]),
    /** 1 / number of denoised events at each of them. */
    denoisedWeights: input('denoisedWeights', [rows, length]),
    /** For each behavior: 1 at the last event a target reads, [B, Q, L]; what else of it the target sees; 1 where there is any. */
    last: each((behavior) => input(`last.${behavior}`, [rows, slots, length])),
    read: each((behavior) => input(`read.${behavior}`, [rows, slots, length])),
    seen: each((behavior) => input(`seen.${behavior}`, [rows * slots])),
    /** How many events came between the last event and the target, less than {@link ages}; 0 where there is no event. */
    age: each((behavior) => input(`age.${behavior}`, [rows, slots], 'int64')),
    /** The same for the shared expert: the last auxiliary event, the target events it attends to, the events its Transformer reads. */
    commonLast: input('common.last', [rows, slots, length]),
    commonCross: input('common.cross', [rows, slots, length]),
    commonRead: input('common.read', [rows, slots, length]),
    commonSeen: input('common.seen', [rows * slots]),
    commonAge: input('common.age', [rows, slots], 'int64'),
    ...(targets > 0 && {
      /** The place b * Q + q of each target, each at most once, and the target of each place, M where none. */
      places: input('places', [targets], 'int64'),
      placesInverse: input('placesInverse', [rows * slots], 'int64'),
      targets: input('targets', [targets], 'int64'),
      /** Add up to 1; 0 where there is no target. */
      weights: input('weights', [targets]),
    }),
  }
}
/** See {@link graphInputs}. */
export type GraphInputs = ReturnType<typeof graphInputs>

/** The inputs by their names. */
export function byName({ last, read, seen, age, ...single }: GraphInputs): Record<string, Tensor> {
  const all = [...Object.values(single), ...last, ...read, ...seen, ...age].filter((tensor) => tensor !== undefined)
  return Object.fromEntries(all.map((tensor) => [(tensor.origin as { name: string }).name, tensor]))
}
