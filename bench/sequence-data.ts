/**
 * @file Generated data for the benches of the next item: full histories of items drawn with a long tail, a field,
 * pictures and texts of random values.
 */
import type { TrainingData } from '../src/batches/kind.ts'
import { splitDataset } from '../src/dataset/splits.ts'
import { randomStream } from '../src/random/stream.ts'
import { type TinyEvent, tinyDataset, tinyField } from '../src/testing/tiny-dataset.ts'

/** How much of what. */
interface SequenceDataSizes {
  readonly users: number
  readonly items: number
  /** Events that each user trains on. */
  readonly length: number
  /** Values of the one field, `category`. */
  readonly categories: number
  /** Widths of vectors. */
  readonly image: number
  readonly text: number
  /** Shares of behaviors, the last of them the target; one, `click`, by default. */
  readonly behaviors?: Readonly<Record<string, number>>
}

/** A dataset whose last two events of each user are targets of validation and test. */
export function sequenceData({
  users,
  items,
  length,
  categories,
  image,
  text,
  behaviors = { click: 1 },
}: SequenceDataSizes): TrainingData {
  const random = randomStream(0, 'sequence-data')
  const behaviorOf = drawBehavior(behaviors)
  const each = <Value>(value: () => Value): Value[] => Array.from({ length: items }, value)
  const hours = 3_600_000
  const events = Array.from({ length: users }, (_, user) => {
    const begin = random.integer(24 * 365) * hours
    // Nothing twice, so that every event can be a target.
    const chosen = new Set<number>()
    while (chosen.size < length + 2) chosen.add(1 + Math.floor(items * random.uniform() ** 3))
    return [...chosen].map((item, at): TinyEvent => [1 + user, item, behaviorOf(at >= length), begin + 7 * at * hours])
  })
  // About as long as an encoder's, which are 1.
  const vectors = (width: number) => each(() => Array.from({ length: width }, () => random.normal() / Math.sqrt(width)))
  const dataset = tinyDataset({
    events: events.flat(),
    behaviors: Object.keys(behaviors),
    items,
    fields: { category: tinyField(each(() => 1 + random.integer(categories))) },
    features: { image: vectors(image), text: vectors(text) },
  })
  return { dataset, split: splitDataset(dataset) }
}

/** Draws behaviors by their shares, or names the target. */
function drawBehavior(shares: Readonly<Record<string, number>>): (isTarget: boolean) => string {
  const random = randomStream(0, 'sequence-data', 'behaviors')
  const names = Object.keys(shares)
  return (isTarget) => {
    let left = isTarget ? 1 : random.uniform()
    return names.find((name) => (left -= shares[name] as number) < 0) ?? (names.at(-1) as string)
  }
}
