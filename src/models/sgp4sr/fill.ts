/** @file The inputs of SGP4SR's graphs, and windows of events into them: items, and the places that targets read. */
import type { Window } from '../../batches/windows.ts'
import { Bug } from '../../errors.ts'
import { input } from '../../tensor/node.ts'
import type { BatchShape, InputBuffers } from '../contract/model.ts'

/** Q, the places of a window: all M targets must fit into B * Q. A served window has one. */
function placesPerRow({ rows, targets, targetsPerRow }: BatchShape): number {
  return targets === 0 ? 1 : Math.max(targetsPerRow ?? targets, Math.ceil(targets / rows))
}

/** Inputs of one shape. */
export function graphInputs(shape: BatchShape) {
  const { rows, length, targets } = shape
  const places = placesPerRow(shape)
  return {
    /** From position 0, padded with 0 behind. */
    history: input('history', [rows, length], 'int64'),
    /** The last position that each place reads; -1 where there is no place. */
    place: input('place', [rows, places], 'int64'),
    ...(targets > 0 && {
      /** The place b * Q + q of each target, each at most once, and the target of each place, M where none. */
      sources: input('sources', [targets], 'int64'),
      sourcesInverse: input('sourcesInverse', [rows * places], 'int64'),
      targets: input('targets', [targets], 'int64'),
      /** Add up to 1; 0 where there is no target. */
      weights: input('weights', [targets]),
    }),
  }
}

/** Fills a batch; see {@link graphInputs}. @throws Bug when targets do not fit. */
export function fillBatch(windows: readonly Window[], shape: BatchShape, buffers: InputBuffers): void {
  const [history, place] = [buffers['history'], buffers['place']] as [BigInt64Array, BigInt64Array]
  history.fill(0n)
  place.fill(-1n)
  for (const [row, { history: events }] of windows.entries()) {
    for (let at = 0; at < events.item.length; at++) history[row * shape.length + at] = BigInt(events.item[at] as number)
    // An empty history reads the padding at its first position.
    if (shape.targets === 0) place[row] = BigInt(Math.max(0, events.item.length - 1))
  }
  if (shape.targets > 0) fillTargets(windows, shape, buffers)
}

function fillTargets(windows: readonly Window[], shape: BatchShape, buffers: InputBuffers): void {
  const [place, sources, inverse, items] = ['place', 'sources', 'sourcesInverse', 'targets'].map(
    (name) => buffers[name],
  ) as [BigInt64Array, BigInt64Array, BigInt64Array, BigInt64Array]
  const weights = buffers['weights'] as Float32Array
  const room = placesPerRow(shape)
  inverse.fill(BigInt(shape.targets))
  let used = 0
  const put = (slot: number, item: number, weight: number): void => {
    sources[used] = BigInt(slot)
    inverse[slot] = BigInt(used)
    items[used] = BigInt(item)
    weights[used++] = weight
  }
  for (const [row, { targets }] of windows.entries()) {
    if (targets.length > room || used + targets.length > shape.targets)
      throw new Bug(`${targets.length} targets of a window for ${room} places`)
    for (const [index, { item, prefix, weight }] of targets.entries()) {
      place[row * room + index] = BigInt(prefix - 1)
      put(row * room + index, item, weight)
    }
  }
  const total = weights.subarray(0, used).reduce((sum, weight) => sum + weight, 0)
  for (let at = 0; at < used; at++) weights[at] = (weights[at] as number) / total
  // Rows that only pad must still be different places: the inverse names each at most once.
  for (let slot = 0; used < shape.targets; slot++) if (inverse[slot] === BigInt(shape.targets)) put(slot, 0, 0)
}
