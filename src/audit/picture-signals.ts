/** @file How well each item's picture fits the item, and how well another item's picture would. */
import type { Dataset, FeatureTable } from '../dataset/schema.ts'
import { randomStream } from '../random/stream.ts'
import { nearOf } from './click-signals.ts'
import type { Signals } from './contrast.ts'
import { product, sumOf, type UnitVectors, unitVectors } from './unit-vectors.ts'

/** Items with a picture, and their signals. */
export interface PictureSignals extends Signals {
  /** The items, ascending. */
  readonly items: Int32Array
  /** The signals of the stand-ins. */
  readonly drawn: Float64Array
}

/** How well a picture, by its item's index, fits an item. */
type Fit = (item: number, picture: number) => number

/** An item is compared with at most so many others, drawn. */
const compared = 2000
const neighbors = 10

/**
 * The signals of all items with a vector of their picture. A stand-in is the picture of another item, drawn.
 * - `agreement`: the cosine of picture and text, where one model made both, so that they share a space;
 * - `text neighbors`: the mean cosine with the pictures of the items that have the nearest texts, and of the text with
 *   the texts of the items that have the nearest pictures;
 * - `company`: the cosine with the pictures of what users touched near their events of the target behavior on the item.
 *   A click follows the picture that is shown, right or wrong. What comes after the item's page was seen follows the
 *   item.
 */
export function pictureSignals(dataset: Dataset, seed = 1): PictureSignals | undefined {
  const { image, text } = dataset.features
  if (!image) return undefined
  const items = Int32Array.from(Array.from(image.present.keys()).filter((item) => image.present[item] === 1))
  if (items.length < 2) return undefined
  const random = randomStream(seed, 'stand-ins of pictures')
  const others = randomStream(seed, 'compared items').shuffle(items.slice()).subarray(0, compared).toSorted()
  const fits = signalFits(dataset, { image, text, others })
  const names = Object.keys(fits)
  const values = new Float64Array(items.length * names.length)
  const drawn = new Float64Array(items.length * names.length)
  for (const [at, item] of items.entries()) {
    const other = items[(at + 1 + random.integer(items.length - 1)) % items.length] as number
    for (const [signal, fit] of Object.values(fits).entries()) {
      values[at * names.length + signal] = fit(item, item)
      drawn[at * names.length + signal] = fit(item, other)
    }
  }
  return { names, items, values, drawn }
}

interface Tables {
  readonly image: FeatureTable
  readonly text: FeatureTable | undefined
  readonly others: Int32Array
}

function signalFits(dataset: Dataset, { image, text, others }: Tables): Record<string, Fit> {
  const pictures = unitVectors(image)
  const company = companyOf(dataset, pictures)
  const ofCompany = standardized(company, pictures, others)
  const signals = { company: (item: number, picture: number) => ofCompany(item, picture) }
  if (!text) return signals
  const texts = unitVectors(text)
  const both = others.filter((item) => text.present[item] === 1)
  const known = (fit: Fit): Fit => {
    // An item without a text says nothing for or against its picture.
    return (item, picture) => (text.present[item] === 1 ? fit(item, picture) : 0)
  }
  const shared = image.width === text.width ? { agreement: known(agreementOf(texts, pictures, both)) } : {}
  return { ...shared, 'text neighbors': known(neighborFit(texts, pictures, both)), ...signals }
}

/** The cosine in standard deviations, among all pictures for the text and among all texts for the picture. */
function agreementOf(texts: UnitVectors, pictures: UnitVectors, others: Int32Array): Fit {
  const [ofText, ofPicture] = [standardized(texts, pictures, others), standardized(pictures, texts, others)]
  return (item, picture) => ofText(item, picture) + ofPicture(picture, item)
}

/** A product in standard deviations among those with the rows of `others`. */
function standardized(
  of: { readonly width: number; readonly vectors: Float32Array | Float64Array },
  against: UnitVectors,
  others: Int32Array,
): Fit {
  const scales = new Map<number, readonly [mean: number, deviation: number]>()
  const sample = others.filter((_, at) => at % Math.ceil(others.length / 500) === 0)
  const scaleOf = (row: number): readonly [number, number] => {
    let [sum, squares] = [0, 0]
    for (const other of sample) {
      const one = product(of, row, against, other)
      sum += one
      squares += one * one
    }
    const mean = sum / sample.length
    return [mean, Math.sqrt(Math.max(0, squares / sample.length - mean * mean))]
  }
  return (row, other) => {
    const scale = scales.get(row) ?? scaleOf(row)
    scales.set(row, scale)
    return scale[1] === 0 ? 0 : (product(of, row, against, other) - scale[0]) / scale[1]
  }
}

/** Whether looks and texts agree on who is near whom. */
function neighborFit(texts: UnitVectors, pictures: UnitVectors, others: Int32Array): Fit {
  const [byText, byPicture] = [nearestOf(texts, others), nearestOf(pictures, others)]
  const mean = (table: UnitVectors, row: number, near: readonly number[]): number => {
    const some = near.filter((other) => other !== row).slice(0, neighbors)
    return some.reduce((sum, other) => sum + product(table, row, table, other), 0) / Math.max(1, some.length)
  }
  return (item, picture) =>
    mean(
      pictures,
      picture,
      byText(item).filter((other) => other !== item),
    ) +
    mean(
      texts,
      item,
      byPicture(picture).filter((other) => other !== picture),
    )
}

/** The nearest rows among others, the row itself too, two more than are read. */
export function nearestOf(table: UnitVectors, others: Int32Array): (row: number) => readonly number[] {
  const found = new Map<number, readonly number[]>()
  return (row) => {
    const known = found.get(row)
    if (known) return known
    const scores = Float64Array.from(others, (other) => product(table, row, table, other))
    const bound = scores.toSorted().at(-(neighbors + 2)) ?? Number.NEGATIVE_INFINITY
    const near = Array.from(others)
      .map((other, at) => ({ other, score: scores[at] as number }))
      .filter(({ score }) => score >= bound)
      .sort((a, b) => b.score - a.score)
      .slice(0, neighbors + 2)
      .map(({ other }) => other)
    found.set(row, near)
    return near
  }
}

/** Of each item the sum, over its target events, of the mean picture near them: [items + 1, width]. */
function companyOf({ events, manifest, ...dataset }: Dataset, { width, vectors }: UnitVectors): Company {
  const target = manifest.behaviors.indexOf(manifest.target)
  const near = nearOf({ events, manifest, ...dataset })
  const company = new Float64Array(vectors.length)
  let around: { begin: number; end: number; sum: Float64Array } = { begin: -1, end: -1, sum: new Float64Array(width) }
  for (const [row, item] of events.item.entries()) {
    if (events.behavior[row] !== target) continue
    const [begin, end] = near(row)
    if (begin !== around.begin || end !== around.end)
      around = { begin, end, sum: sumOf(events.item.subarray(begin, end), { width, vectors }) }
    // The item itself is no company, however often it was touched.
    const own = events.item.subarray(begin, end).reduce((count, other) => count + (other === item ? 1 : 0), 0)
    if (own === end - begin) continue
    // Each target event counts as much as any other, however long its visit was.
    for (let at = 0; at < width; at++)
      company[item * width + at] =
        (company[item * width + at] as number) +
        ((around.sum[at] as number) - own * (vectors[item * width + at] as number)) / (end - begin - own)
  }
  return { width, vectors: company }
}
interface Company {
  readonly width: number
  readonly vectors: Float64Array
}
