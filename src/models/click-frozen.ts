/** @file What models of clicks read of a dataset at every step, and how histories and candidates fill the inputs of a batch. */
import type { ClickSamples } from '../data/click-samples.ts'
import type { Dataset } from '../data/schema.ts'
import { clickInput } from './click-fields.ts'
import type { ClickShape } from './click-model.ts'
import { catalogShape, type FrozenInputs, frozenInputs } from './frozen-inputs.ts'
import type { InputBuffers } from './model.ts'

type Vocabulary = ClickSamples['vocabulary']

/** The sizes and names of a dataset, which is all that building a model of clicks may read. */
export function clickShape(dataset: Dataset, { itemRows, userRows, itemNumbers, userNumbers }: Vocabulary): ClickShape {
  const catalog = catalogShape(dataset)
  const fields = Object.entries(dataset.users?.fields ?? {}).map(([name, { vocabulary }]) => [name, vocabulary.length] as const)
  return {
    ...catalog,
    itemRows,
    userRows,
    userFields: Object.fromEntries(fields),
    itemNumbers: itemNumbers.length / (catalog.itemCount + 1),
    userNumbers: userNumbers.length / (catalog.userCount + 1),
  }
}

/** The frozen inputs of a dataset: those of every model, and what training says of ids and numbers. */
export function clickFrozen(dataset: Dataset, { itemRow, userRow, itemNumbers, userNumbers }: Vocabulary): FrozenInputs {
  const fields = Object.entries(dataset.users?.fields ?? {}).map(([name, { values }]) => [
    clickInput.userField(name),
    BigInt64Array.from(values, BigInt),
  ])
  return {
    ...frozenInputs(dataset),
    [clickInput.row('item')]: BigInt64Array.from(itemRow, BigInt),
    [clickInput.row('user')]: BigInt64Array.from(userRow, BigInt),
    [clickInput.numbers('item')]: itemNumbers,
    [clickInput.numbers('user')]: userNumbers,
    ...Object.fromEntries(fields),
  }
}

/** Events of one user, oldest first. */
export interface ClickHistory {
  /** 0 for somebody new. */
  readonly user: number
  readonly item: ArrayLike<number>
  readonly behavior: ArrayLike<number>
}

/** Writes the last `length` events from `begin` to `end` of some columns into row `row` of a batch's histories, and who it is. */
export function fillHistory({ user, item, behavior }: ClickHistory, [begin, end]: readonly [number, number], to: HistoryPlace): void {
  const { buffers, row, length } = to
  const [histories, behaviors, users] = [buffers['history'], buffers['behavior'], buffers['user']] as readonly BigInt64Array[]
  const first = Math.max(begin, end - length)
  for (let at = 0; at < length; at++) {
    const event = first + at
    const there = event < end
    ;(histories as BigInt64Array)[row * length + at] = there ? BigInt(item[event] as number) : 0n
    ;(behaviors as BigInt64Array)[row * length + at] = there ? BigInt((behavior[event] as number) + 1) : 0n
  }
  ;(users as BigInt64Array)[row] = BigInt(user)
}

/** Row `row` of the inputs of a batch whose histories have `length` places. */
export interface HistoryPlace {
  readonly buffers: InputBuffers
  readonly row: number
  readonly length: number
}
