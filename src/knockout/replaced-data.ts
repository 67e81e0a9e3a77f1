/**
 * @file A run's data with one signal replaced: by nothing, by a permutation, or by noise of the same spread. Users,
 * items, targets and training rows stay what they are.
 */
import { createHash } from 'node:crypto'
import type { TrainingData } from '../batches/kind.ts'
import { withEvents } from '../dataset/click-samples.ts'
import type { KeptEvents } from '../dataset/kept-events.ts'
import type { Dataset, FeatureModality, FeatureTable, Field, Split } from '../dataset/schema.ts'
import { missingVectors } from '../dataset/without-vectors.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'
import { otherEvents } from './other-events.ts'
import type { Signal, Way } from './signals.ts'

/** How a signal is replaced. */
export interface Replacement {
  readonly signal: Signal
  readonly way: Way
  /** Of the permutation and of the noise. */
  readonly seed: number
  /**
   * Whether a model is trained on what comes out: vectors that are taken away are then no part of the data at all,
   * where a trained model has to be told that each is missing.
   */
  readonly trains?: boolean
}

/**
 * The data with a signal replaced. A modality: every vector is missing, or belongs to another item that has one, or is
 * drawn from a normal distribution with the mean and the deviation of each of its numbers. A field: every value is
 * unknown, another item's, or drawn evenly. A behavior: see {@link otherEvents}. The hash is another one.
 */
export function replacedData(data: TrainingData, replacement: Replacement): TrainingData {
  const { signal, way, seed, trains = false } = replacement
  const random = randomStream(seed, 'knockout', signal.kind, signal.name, way)
  const dataset = renamed(data.dataset, replacement)
  if (signal.kind === 'behavior') return withOthers({ ...data, dataset }, otherEvents(data, signal.name, way, random))
  if (signal.kind === 'modality') {
    const { [signal.name]: table, ...others } = dataset.features
    const gone = trains && way === 'nothing'
    const made = gone ? {} : { [signal.name]: otherVectors(table as FeatureTable, way, random) }
    return { ...data, dataset: { ...dataset, features: inOrder(dataset.features, { ...others, ...made }) } }
  }
  const { catalog } = dataset
  const field = otherValues(catalog.fields[signal.name] as Field, way, random)
  return {
    ...data,
    dataset: { ...dataset, catalog: { ...catalog, fields: { ...catalog.fields, [signal.name]: field } } },
  }
}

/** What is made of the data before training is made anew: its files are named by the hash. */
function renamed(dataset: Dataset, { signal, way, seed, trains = false }: Replacement): Dataset {
  const parts = [dataset.hash, signal.kind, signal.name, way, way === 'nothing' ? 0 : seed, trains]
  return { ...dataset, hash: createHash('sha256').update(JSON.stringify(parts)).digest('hex') }
}

/** Tables in the order that the dataset has them, which is the order that models join them in. */
function inOrder(features: Dataset['features'], changed: Dataset['features']): Dataset['features'] {
  const names = (Object.keys(features) as FeatureModality[]).filter((name) => changed[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, changed[name]]))
}

function otherVectors({ width, vectors, present }: FeatureTable, way: Way, random: RandomStream): FeatureTable {
  if (way === 'nothing') return missingVectors({ width, vectors, present })
  const made = new Float32Array(vectors.length)
  const owners = placesWhere(present.length, (item) => present[item] === 1)
  if (way === 'permutation') {
    const from = random.shuffle(owners.slice())
    for (const [at, item] of owners.entries()) {
      const other = from[at] as number
      made.set(vectors.subarray(other * width, (other + 1) * width), item * width)
    }
    return { width, vectors: made, present }
  }
  const mean = new Float64Array(width)
  const square = new Float64Array(width)
  for (const item of owners) {
    for (let at = 0; at < width; at++) {
      const value = vectors[item * width + at] as number
      mean[at] = (mean[at] as number) + value / owners.length
      square[at] = (square[at] as number) + value ** 2 / owners.length
    }
  }
  for (const item of owners) {
    for (let at = 0; at < width; at++) {
      const deviation = Math.sqrt(Math.max(0, (square[at] as number) - (mean[at] as number) ** 2))
      made[item * width + at] = (mean[at] as number) + deviation * random.normal()
    }
  }
  return { width, vectors: made, present }
}

function otherValues({ values, vocabulary }: Field, way: Way, random: RandomStream): Field {
  const made = new Int32Array(values.length)
  if (way === 'nothing') return { values: made, vocabulary }
  const owners = placesWhere(values.length, (item) => values[item] !== 0)
  const from = random.shuffle(owners.slice())
  for (const [at, item] of owners.entries())
    made[item] =
      way === 'permutation' ? (values[from[at] as number] as number) : 1 + random.integer(vocabulary.length - 1)
  return { values: made, vocabulary }
}

function placesWhere(count: number, holds: (place: number) => boolean): Int32Array {
  return Int32Array.from({ length: count }, (_, place) => place).filter(holds)
}

/** The data with other events: targets and the ends of training stay at the same events. */
function withOthers(data: TrainingData, { events, before }: KeptEvents): TrainingData {
  const dataset = { ...data.dataset, events }
  if (data.samples) return { dataset, samples: withEvents(data.samples, events) }
  const { split } = data
  const stays = (row: number): boolean => (before[row + 1] as number) > (before[row] as number)
  const moved = (rows: Int32Array): Int32Array => rows.filter(stays).map((row) => before[row] as number)
  const other: Split = {
    ...split,
    trainEnd: split.trainEnd.map((end) => before[end] as number),
    validation: moved(split.validation),
    test: moved(split.test),
  }
  return { ...data, dataset, split: other }
}

/** The same data, of which what a model computes once is kept in another folder. */
export const inFolder = (data: TrainingData, folder: string): TrainingData => ({
  ...data,
  dataset: { ...data.dataset, folder },
})
