/** @file Windows of events into the inputs of M³BSR. */

import type { Window, WindowTarget } from '../../batches/windows.ts'
import { Bug } from '../../errors.ts'
import type { BatchShape, InputBuffers } from '../contract/model.ts'
import { ages, type Layout, places } from './inputs.ts'

/** What is added to the score of a key that must not be seen; its softmax weight is exactly 0. */
const hidden = -1e9

const emptyValues: Readonly<Record<string, number>> = {
  own: hidden,
  condition: hidden,
  shared: hidden,
  'common.cross': hidden,
  'common.read': hidden,
}

/** Fills a batch; see `graphInputs` for what each buffer holds. @throws Bug when targets do not fit. */
export function fillBatch(layout: Layout, windows: readonly Window[], shape: BatchShape, buffers: InputBuffers): void {
  for (const [name, buffer] of Object.entries(buffers)) {
    if (buffer instanceof BigInt64Array) buffer.fill(0n)
    else buffer.fill(emptyValues[name] ?? (name.startsWith('read.') ? hidden : 0))
  }
  let events = 0
  let denoised = 0
  for (const [row, { history }] of windows.entries()) {
    fillEvents(layout, history, row, shape.length, buffers)
    denoised += fillMasks(layout, history, row, shape.length, buffers)
    events += history.item.length
  }
  fillWeights(windows, shape.length, buffers, 1 / Math.max(1, events), 1 / Math.max(1, denoised))
  if (shape.targets > 0) fillTargets(layout, windows, shape, buffers)
  else
    for (const [row, { history }] of windows.entries())
      fillPlace(layout, history, { row, slot: row, prefix: history.item.length, shape }, buffers)
}

const floats = (buffers: InputBuffers, name: string): Float32Array => buffers[name] as Float32Array
const whole = (buffers: InputBuffers, name: string): BigInt64Array => buffers[name] as BigInt64Array

function fillEvents(
  { behaviors, userCount }: Layout,
  { user, item, behavior }: Window['history'],
  row: number,
  length: number,
  buffers: InputBuffers,
) {
  const [history, flags] = [whole(buffers, 'history'), floats(buffers, 'flags')]
  whole(buffers, 'userIndex')[row] = BigInt(user <= userCount ? user : 0)
  for (let at = 0; at < item.length; at++) {
    history[row * length + at] = BigInt(item[at] as number)
    flags[(row * length + at) * behaviors + (behavior[at] as number)] = 1
  }
}

/** Who sees whom among a window's events; returns how many events will be denoised by another behavior. */
function fillMasks(
  { target, wholeWindow }: Layout,
  { behavior, time }: Window['history'],
  row: number,
  length: number,
  buffers: InputBuffers,
): number {
  const [own, condition, shared] = [floats(buffers, 'own'), floats(buffers, 'condition'), floats(buffers, 'shared')]
  const denoised = floats(buffers, 'denoised')
  const count = behavior.length
  const visible = (key: number, at: number): boolean => wholeWindow || (time[key] as number) <= (time[at] as number)
  let found = 0
  /** Events up to the time of the current one: times never fall. */
  let reach = 0
  for (let at = 0; at < count; at++) {
    const line = (row * length + at) * length
    let [conditions, targets] = [0, 0]
    while (reach < count && visible(reach, at)) reach++
    for (let key = 0; key < reach; key++) {
      if (behavior[key] === behavior[at]) own[line + key] = 0
      if (behavior[key] !== target) continue
      targets++
      shared[line + key] = 0
      // A favorite of the same moment is often the click's own consequence: it must not lead the click's denoising.
      if (behavior[at] === target || (!wholeWindow && time[key] === time[at])) continue
      conditions++
      condition[line + key] = 0
    }
    if (targets === 0) for (let key = 0; key < reach; key++) shared[line + key] = 0
    if (conditions === 0) continue
    denoised[row * length + at] = 1
    found++
  }
  return found
}

function fillWeights(
  windows: readonly Window[],
  length: number,
  buffers: InputBuffers,
  perEvent: number,
  perDenoised: number,
): void {
  const [weights, denoised, denoisedWeights] = [
    floats(buffers, 'eventWeights'),
    floats(buffers, 'denoised'),
    floats(buffers, 'denoisedWeights'),
  ]
  for (const [row, { history }] of windows.entries())
    weights.fill(perEvent, row * length, row * length + history.item.length)
  for (let at = 0; at < denoised.length; at++) denoisedWeights[at] = (denoised[at] as number) * perDenoised
}

function fillTargets(layout: Layout, windows: readonly Window[], shape: BatchShape, buffers: InputBuffers): void {
  const [place, inverse, items] = [whole(buffers, 'places'), whole(buffers, 'placesInverse'), whole(buffers, 'targets')]
  const weights = floats(buffers, 'weights')
  const room = places(shape)
  inverse.fill(BigInt(shape.targets))
  let used = 0
  const put = (slot: number, { item, weight }: Pick<WindowTarget, 'item' | 'weight'>): void => {
    place[used] = BigInt(slot)
    inverse[slot] = BigInt(used)
    items[used] = BigInt(item)
    weights[used++] = weight
  }
  for (const [row, { history, targets }] of windows.entries()) {
    if (targets.length > room || used + targets.length > shape.targets)
      throw new Bug(`${targets.length} targets of a window for ${room} places`)
    for (const [index, target] of targets.entries()) {
      const slot = row * room + index
      fillPlace(layout, history, { row, slot, prefix: target.prefix, shape }, buffers)
      put(slot, target)
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (let at = 0; at < used; at++) weights[at] = (weights[at] as number) / total
  // Rows that only pad must still be different places: the inverse names each at most once.
  for (let slot = 0; used < shape.targets; slot++)
    if (inverse[slot] === BigInt(shape.targets)) put(slot, { item: 0, weight: 0 })
}

const ageOf = (at: number, prefix: number): bigint => BigInt(Math.min(prefix - 1 - at, ages - 1))

/** Where a target is read from, and from how many events. */
interface Place {
  readonly row: number
  readonly slot: number
  readonly prefix: number
  readonly shape: BatchShape
}

function fillPlace(
  { behaviors, target }: Layout,
  { behavior }: Window['history'],
  { slot, prefix, shape }: Place,
  buffers: InputBuffers,
): void {
  const line = slot * shape.length
  const latest: number[] = Array.from({ length: behaviors }, () => -1)
  for (let at = 0; at < prefix; at++) {
    floats(buffers, `read.${behavior[at] as number}`)[line + at] = 0
    latest[behavior[at] as number] = at
  }
  for (const [index, at] of latest.entries()) {
    if (at < 0) continue
    floats(buffers, `last.${index}`)[line + at] = 1
    floats(buffers, `seen.${index}`)[slot] = 1
    whole(buffers, `age.${index}`)[slot] = ageOf(at, prefix)
  }
  if (prefix === 0) return
  const auxiliary = Math.max(-1, ...latest.filter((_, index) => index !== target))
  const targets = latest[target] as number
  const [cross, read] = [floats(buffers, 'common.cross'), floats(buffers, 'common.read')]
  // Without auxiliary events the target events stand in for them, and the other way round (R-M9).
  for (let at = 0; at < prefix; at++) {
    const isTarget = behavior[at] === target
    if (isTarget || targets < 0) cross[line + at] = 0
    if (!isTarget || auxiliary < 0) read[line + at] = 0
  }
  const common = auxiliary < 0 ? targets : auxiliary
  floats(buffers, 'common.last')[line + common] = 1
  whole(buffers, 'common.age')[slot] = ageOf(common, prefix)
  floats(buffers, 'common.seen')[slot] = 1
}
