/**
 * @file Which events see each other, and which events each target reads: computed in the graph from the behaviors and
 * moments of a batch. One timeline holds the events of all behaviors; a mask selects those of one behavior (R-M17).
 */
import type { Moments } from '../../batches/extras/moments.ts'
import type { Sequences } from '../../batches/sequences.ts'
import { hiddenScore } from '../../tensor/attention.ts'
import { and, equal, greater, lessOrEqual, or, where } from '../../tensor/compare.ts'
import { div, mul, neg, sub } from '../../tensor/elementwise.ts'
import { cast, reshape, unsqueeze } from '../../tensor/move.ts'
import { constant, type Tensor } from '../../tensor/node.ts'
import { max, sum } from '../../tensor/reduce.ts'
import { dims } from '../../tensor/shape.ts'

/** What M³BSR reads of a batch. */
export type EventBatch = Sequences & Moments

/** What targets read of a subset of the events: those of one behavior, or those of the shared expert. */
export interface Reading {
  /** 1 at the last of the events before each target, [B, Q, L]. */
  readonly last_BQL: Tensor
  /** Score bias: each target sees the events before it. */
  readonly before_BQL: Tensor
  /** How many events came between the last event and the target, less than {@link ages}; 0 without any event. */
  readonly age_BQ: Tensor
  /** Whether there is any event before each target, [P, 1] bool. */
  readonly any_P1: Tensor
}

/** Who sees whom. Biases are 0 where a key may be seen and `hiddenScore` where not. */
export interface Visibility {
  /** 1 at the events of each behavior, [B, L, 1]. */
  readonly behavior_BL1: readonly Tensor[]
  /** Each event sees those of its own behavior up to its time. */
  readonly own_BLL: Tensor
  /** An auxiliary event sees the target behavior's events before its time. */
  readonly condition_BLL: Tensor
  /** Each event sees the target behavior's events up to its time, or where there are none the others' (R-M9). */
  readonly shared_BLL: Tensor
  /** 1 / the number of events, at each event. */
  readonly eventWeight_BL: Tensor
  /** 1 at auxiliary events that have a target event to be denoised by. */
  readonly denoised_BL: Tensor
  /** 1 / their number, at each of them. */
  readonly denoisedWeight_BL: Tensor
  /** What the specific experts read: the events of each behavior. */
  readonly reading: readonly Reading[]
  /** All events before each target, of any behavior. */
  readonly anyReading: Reading
  /** What the shared expert reads: the auxiliary events, or without any the target's (R-M9). */
  readonly sharedReading: Reading
  /** The target behavior's events before each target, which the shared expert attends to; without any the others'. */
  readonly sharedMemory_BQL: Tensor
  /** [B, Q, D] -> [P, D] */
  readonly atPlaces: (x_BQD: Tensor) => Tensor
}

/** What the visibility depends on besides the batch. */
export interface VisibilityOptions {
  /** K, the number of behaviors. */
  readonly behaviors: number
  readonly target: number
  /** Whether every event of a window sees every other, as in the paper's rows of one target, or only earlier ones. */
  readonly wholeWindow: boolean
}

/** The number of ages of a last event. Older events have the oldest age. */
export const ages = 32

const bias = (visible: Tensor): Tensor => where(visible, 0, hiddenScore)
const float = (x: Tensor): Tensor => cast(x, 'float32')

/** Who sees whom in a batch. Moments and places are compared as float32, which holds them exactly. */
export function visibility(batch: EventBatch, options: VisibilityOptions): Visibility {
  const behavior_BL = float(batch.behavior_BL)
  const is_BL = Array.from({ length: options.behaviors }, (_, behavior) => equal(behavior_BL, behavior + 1))
  return {
    behavior_BL1: is_BL.map((events) => unsqueeze(float(events), 2)),
    eventWeight_BL: sharesOf(batch.mask_BL),
    ...amongEvents(batch, behavior_BL, options),
    ...beforeTargets(batch, is_BL, options),
    atPlaces: batch.atPlaces,
  }
}

/** 1 / their number at each of the ones. */
function sharesOf(ones: Tensor): Tensor {
  const count = sum(ones)
  return div(ones, where(greater(count, 1), count, 1))
}

/** What events see of each other. */
function amongEvents(
  { mask_BL, ...batch }: EventBatch,
  behavior_BL: Tensor,
  { target, wholeWindow }: VisibilityOptions,
): Pick<Visibility, 'own_BLL' | 'condition_BLL' | 'shared_BLL' | 'denoised_BL' | 'denoisedWeight_BL'> {
  const [, length] = dims(mask_BL, 2)
  /** Later than every moment. */
  const never = length + 1
  const moment_BL = float(batch.moment_BL)
  const isTarget_BL = equal(behavior_BL, target + 1)
  /** When each event, or each target event, begins to be seen. */
  const from_BL = where(greater(mask_BL, 0), moment_BL, never)
  const targetFrom_BL = where(isTarget_BL, moment_BL, never)
  /** The last moment each event sees; the padding sees nothing. */
  const until_BL = wholeWindow ? mul(mask_BL, length) : moment_BL
  // A favorite of the same moment is often a consequence of the click, so it is no condition of the click's denoising.
  const led_BL = where(isTarget_BL, 0, wholeWindow ? until_BL : sub(moment_BL, 1))
  const sees = (until: Tensor, from: Tensor): Tensor => lessOrEqual(unsqueeze(from, 1), unsqueeze(until, 2))
  const firstTarget_B1 = neg(max(neg(targetFrom_BL), 1, { keep: true }))
  const untilWithout_BL = where(lessOrEqual(firstTarget_B1, until_BL), 0, until_BL)
  const same_BLL = equal(unsqueeze(behavior_BL, 1), unsqueeze(behavior_BL, 2))
  const denoised_BL = float(lessOrEqual(firstTarget_B1, led_BL))
  return {
    own_BLL: bias(and(same_BLL, sees(until_BL, from_BL))),
    condition_BLL: bias(sees(led_BL, targetFrom_BL)),
    shared_BLL: bias(or(sees(until_BL, targetFrom_BL), sees(untilWithout_BL, from_BL))),
    denoised_BL,
    denoisedWeight_BL: sharesOf(denoised_BL),
  }
}

/** What targets read of the events before them. @param is_BL which events are of each behavior, bools */
function beforeTargets(
  { seen_BQ, atPlaces }: EventBatch,
  is_BL: readonly Tensor[],
  { target }: VisibilityOptions,
): Pick<Visibility, 'reading' | 'anyReading' | 'sharedReading' | 'sharedMemory_BQL'> {
  const [, length] = dims(is_BL[target] as Tensor, 2)
  const seen_BQ1 = unsqueeze(float(seen_BQ), 2)
  /** Places count from 1, so that 0 is none. */
  const place_L = constant(
    Float32Array.from({ length }, (_, at) => at + 1),
    [length],
  )
  const visible_BQL = is_BL.map((events) => lessOrEqual(unsqueeze(where(events, place_L, length + 1), 1), seen_BQ1))
  const last_BQ1 = visible_BQL.map((visible) => max(where(visible, place_L, 0), 2, { keep: true }))
  /** All events before a target that has none of some kind. */
  const allWithout = (lastOfKind_BQ1: Tensor): Tensor =>
    lessOrEqual(place_L, where(greater(lastOfKind_BQ1, 0), 0, seen_BQ1))
  const readingOf = (visible: Tensor, last: Tensor): Reading => ({
    last_BQL: float(equal(place_L, last)),
    before_BQL: bias(visible),
    age_BQ: cast(reshape(ageOf(last, seen_BQ1), seen_BQ.shape), 'int64'),
    any_P1: greater(atPlaces(last), 0),
  })
  const [targets, lastTarget] = [visible_BQL[target], last_BQ1[target]] as [Tensor, Tensor]
  const lastAuxiliary = last_BQ1.toSpliced(target, 1).reduce(larger, mul(seen_BQ1, 0))
  return {
    reading: visible_BQL.map((visible, behavior) => readingOf(visible, last_BQ1[behavior] as Tensor)),
    anyReading: readingOf(lessOrEqual(place_L, seen_BQ1), seen_BQ1),
    sharedReading: readingOf(
      visible_BQL.toSpliced(target, 1).reduce(or, allWithout(lastAuxiliary)),
      where(greater(lastAuxiliary, 0), lastAuxiliary, lastTarget),
    ),
    sharedMemory_BQL: bias(or(targets, allWithout(lastTarget))),
  }
}

const larger = (a: Tensor, b: Tensor): Tensor => where(greater(a, b), a, b)

/** How many events came after the last one, at most the oldest age; 0 where there is no last one. */
function ageOf(last_BQ1: Tensor, seen_BQ1: Tensor): Tensor {
  const after_BQ1 = sub(seen_BQ1, last_BQ1)
  const age_BQ1 = where(greater(after_BQ1, ages - 1), ages - 1, after_BQ1)
  return where(greater(last_BQ1, 0), age_BQ1, 0)
}
