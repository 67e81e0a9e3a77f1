/** @file What models of clicks read of a dataset at every step, and how histories and candidates fill the inputs of a batch. */
import type { ClickSamples } from '../../dataset/click-samples.ts'
import type { Dataset, Field } from '../../dataset/schema.ts'
import { wordsOf } from '../../tensor/int64.ts'
import { clickInput } from '../parts/field-embeddings.ts'
import type { ClickShape } from './click-model.ts'
import { catalogShape, type FrozenInputs, frozenFeatures } from './frozen-inputs.ts'
import type { InputBuffers } from './model.ts'

type Vocabulary = ClickSamples['vocabulary']

/** The sizes and names of a dataset, which is all that building a model of clicks may read. */
export function clickShape(dataset: Dataset, { itemRows, userRows, itemNumbers, userNumbers }: Vocabulary): ClickShape {
  const catalog = catalogShape(dataset)
  const fields = Object.entries(dataset.users?.fields ?? {}).map(
    ([name, { vocabulary }]) => [name, vocabulary.length] as const,
  )
  return {
    ...catalog,
    itemRows,
    userRows,
    userFields: Object.fromEntries(fields),
    itemNumbers: itemNumbers.length / (catalog.itemCount + 1),
    userNumbers: userNumbers.length / (catalog.userCount + 1),
  }
}

/** The frozen inputs of a dataset: vectors, and what training says of ids and numbers, the fields beside the ids. */
export function clickFrozen(
  dataset: Dataset,
  { itemRow, userRow, itemNumbers, userNumbers }: Vocabulary,
): FrozenInputs {
  const columns = (rows: Int32Array, fields: Readonly<Record<string, Field>>) => [
    rows,
    ...Object.values(fields).map(({ values }) => values),
  ]
  return {
    ...frozenFeatures(dataset.features),
    [clickInput.fields('item')]: sideBySide(columns(itemRow, dataset.catalog.fields)),
    [clickInput.fields('user')]: sideBySide(columns(userRow, dataset.users?.fields ?? {})),
    [clickInput.numbers('item')]: itemNumbers,
    [clickInput.numbers('user')]: userNumbers,
  }
}

/** Columns as the rows of one matrix. */
function sideBySide(columns: readonly Int32Array[]): BigInt64Array {
  const entries = columns[0]?.length ?? 0
  const whole = new BigInt64Array(entries * columns.length)
  const words = wordsOf(whole)
  for (const [at, column] of columns.entries()) {
    for (const [entry, value] of column.entries()) words[2 * (entry * columns.length + at)] = value
  }
  return whole
}

/** Events of one user, oldest first. */
export interface ClickHistory {
  /** 0 for somebody new. */
  readonly user: number
  readonly item: ArrayLike<number>
  readonly behavior: ArrayLike<number>
}

/** The whole numbers of a batch's inputs, as words of their buffers. */
export interface ClickWords {
  readonly user: Int32Array
  readonly item: Int32Array
  readonly history: Int32Array
  readonly behavior: Int32Array
}

/** The words of a batch's buffers. */
export function clickWords(buffers: InputBuffers): ClickWords {
  const of = (name: string): Int32Array => wordsOf(buffers[name] as BigInt64Array)
  return { user: of('user'), item: of('item'), history: of('history'), behavior: of('behavior') }
}

/** Which events of some columns go into which row of a batch, and whose they are. */
export interface HistoryRow {
  readonly user: number
  /** Rows [begin, end) of the columns. */
  readonly begin: number
  readonly end: number
  readonly row: number
}

/** Writes the last events into a row of a batch's histories, which have `length` places, and who it is. */
export function fillHistory(
  { item, behavior }: Pick<ClickHistory, 'item' | 'behavior'>,
  { user, begin, end, row }: HistoryRow,
  { words, length }: { readonly words: ClickWords; readonly length: number },
): void {
  const first = Math.max(begin, end - length)
  for (let at = 0; at < length; at++) {
    const event = first + at
    const to = 2 * (row * length + at)
    const there = event < end
    words.history[to] = there ? (item[event] as number) : 0
    words.behavior[to] = there ? (behavior[event] as number) + 1 : 0
  }
  words.user[2 * row] = user
}
