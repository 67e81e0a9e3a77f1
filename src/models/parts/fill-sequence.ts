/** @file Windows of events into the buffers of a model that reads one sequence of items. */

import type { WindowSettings, WindowTarget } from '../../batches/windows.ts'
import type { History } from '../../dataset/schema.ts'
import { Bug } from '../../errors.ts'
import { add } from '../../tensor/elementwise.ts'
import { input, integers, type Tensor } from '../../tensor/node.ts'
import type { BatchShape, CatalogShape, InputBuffers } from '../contract/model.ts'

/** Windows for a model that is blind to behaviors and predicts the next item from every position. */
export function sequenceWindows(
  {
    maxLength,
    stride,
    auxiliaryTargets,
  }: { readonly maxLength: number; readonly stride: number; readonly auxiliaryTargets: number },
  { behaviors, target }: CatalogShape,
): WindowSettings {
  return {
    maxLength,
    stride: Math.min(stride, maxLength),
    targetWeights: behaviors.map((_, behavior) => (behavior === target ? 1 : auxiliaryTargets)),
    mergeBehaviors: true,
    onePerPosition: true,
  }
}

/** The inputs of a training graph that {@link fillSequence} fills. */
export const targetInputs = ({ rows, length, targets }: BatchShape) => ({
  history: input('history', [rows, length], 'int64'),
  sources: input('sources', [targets], 'int64'),
  sourcesInverse: input('sourcesInverse', [rows * length], 'int64'),
  targets: input('targets', [targets], 'int64'),
  weights: input('weights', [targets]),
})

/** The row b * L + last [B] of each history among all positions. */
export const rowOfEach = (last: Tensor, length: number): Tensor =>
  add(integers(Array.from({ length: last.shape[0] as number }, (_, row) => row * length)), last)

/** What is filled in of a window. */
export interface FilledWindow {
  readonly history: Pick<History, 'item'>
  readonly targets: readonly Pick<WindowTarget, 'item' | 'prefix' | 'weight'>[]
}

/**
 * Fills `history` [B, L] (from position 0, padded with 0 behind), `last` [B] where asked for, and for training `sources` [M]
 * (row b * L + prefix - 1 of each target), `sourcesInverse` [B * L], `targets` [M] and `weights` [M], which add up to 1.
 * @throws Bug when two targets read one position, or targets do not fit.
 */
export function fillSequence(
  windows: readonly FilledWindow[],
  { rows, length, targets }: BatchShape,
  buffers: InputBuffers,
): void {
  const history = buffers['history'] as BigInt64Array
  const last = buffers['last'] as BigInt64Array | undefined
  history.fill(0n)
  last?.fill(0n)
  for (const [row, { history: events }] of windows.entries()) {
    for (let at = 0; at < events.item.length; at++) history[row * length + at] = BigInt(events.item[at] as number)
    if (last) last[row] = BigInt(Math.max(0, events.item.length - 1))
  }
  if (targets > 0) fillTargets(windows, { rows, length, targets }, buffers)
}

function fillTargets(
  windows: readonly FilledWindow[],
  { rows, length, targets }: BatchShape,
  buffers: InputBuffers,
): void {
  const [sources, inverse, items] = ['sources', 'sourcesInverse', 'targets'].map(
    (name) => buffers[name] as BigInt64Array,
  ) as [BigInt64Array, BigInt64Array, BigInt64Array]
  const weights = buffers['weights'] as Float32Array
  inverse.fill(BigInt(targets))
  let used = 0
  let total = 0
  for (const [row, window] of windows.entries()) {
    for (const { item, prefix, weight } of window.targets) {
      const source = row * length + prefix - 1
      if (used === targets || inverse[source] !== BigInt(targets))
        throw new Bug(`target ${used} of a batch for ${targets} reads position ${source}`)
      sources[used] = BigInt(source)
      inverse[source] = BigInt(used)
      items[used] = BigInt(item)
      weights[used++] = weight
      total += weight
    }
  }
  for (let at = 0; at < used; at++) weights[at] = (weights[at] as number) / total
  weights.fill(0, used)
  items.fill(0n, used)
  // Rows that only pad must still be different rows: the inverse names each at most once.
  for (let free = 0; used < targets; free++) {
    if (free >= rows * length) throw new Bug(`${targets} targets for ${rows * length} positions`)
    if (inverse[free] === BigInt(targets)) sources[used++] = BigInt(free)
  }
}
