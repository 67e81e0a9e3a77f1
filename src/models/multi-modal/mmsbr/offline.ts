/**
 * @file What MMSBR makes once: levels of prices within their categories, where the vectors of each modality lie, and
 * vectors of each made from the other by ridge regression, where the paper has captions of pictures and pictures made
 * from texts.
 */

import type { Dataset, FeatureTable } from '../../../dataset/schema.ts'
import { inverse } from '../../../tensor/matrix.ts'
import { constant, input, type Tensor } from '../../../tensor/node.ts'
import type { Compute, LaterSources, Offline, OfflineSources } from '../../contract/model.ts'
import { relaidRows } from '../../contract/places.ts'
import { itemsWithVector } from '../../parts/nearest-by-cosine.ts'
import type { MmsbrConfig } from './config.ts'

/** Names of what is made. */
export const made = {
  /** The level of each item's price, [V + 1] int64: 0 where it has none. */
  level: 'price.level',
  /** Vectors of a modality made from the other, [V + 1, W]; zeros where an item lacks one of the two. */
  pseudo: (modality: string): string => `pseudo.${modality}`,
  /** 1 where an item has both, [V + 1]. */
  both: 'pseudo.present',
  /** The mean [W] of a modality's vectors, and the mean square length around it [1]. */
  mean: (modality: string): string => `mean.${modality}`,
  square: (modality: string): string => `square.${modality}`,
} as const

/** The least and the largest price of each category, [categories, 2]; NaN where it has none. */
const rangesName = 'price.ranges'

/** Makes them. Without prices there are no levels, and without both modalities nothing is made of either. */
export async function mmsbrOffline(config: MmsbrConfig, { dataset, compute }: OfflineSources): Promise<Offline> {
  const { image, text } = dataset.features
  const ranges = config.withoutPrice ? undefined : priceRanges(dataset, config)
  return {
    ...(ranges && {
      [made.level]: leveled(priceLevels(dataset, config, ranges)),
      [rangesName]: { shape: [ranges.length / 2, 2], data: ranges },
    }),
    ...(image && middleOf('image', image)),
    ...(text && middleOf('text', text)),
    ...(image && text && !config.withoutContrast && (await pseudoVectors(image, text, compute))),
  }
}

/** Where the vectors of a modality lie: items that come later do not move it. */
export function middleOf(modality: string, table: FeatureTable): Offline {
  const items = Array.from(itemsWithVector(table))
  const { mean, values } = centered(table, items)
  const square = values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, items.length)
  return {
    [made.mean(modality)]: { shape: [table.width], data: Float32Array.from(mean) },
    [made.square(modality)]: { shape: [1], data: Float32Array.of(square) },
  }
}

const leveled = (levels: Int32Array): Offline[string] => ({
  shape: [levels.length],
  data: BigInt64Array.from(levels, BigInt),
})

/**
 * What was made, on a later dataset: items keep their levels, and a new one has that of its price among those that its
 * category had, or none where no item of it had a price. The middle of the vectors stays. What the contrast reads of
 * new items is not made: they are not trained.
 */
export function laterMmsbr(config: MmsbrConfig, earlier: Offline, { dataset, items }: LaterSources): Offline {
  const later = { ...earlier }
  for (const name of [made.pseudo('image'), made.pseudo('text'), made.both]) {
    const { shape, data } = earlier[name] ?? {}
    if (!shape || !(data instanceof Float32Array)) continue
    const laid = relaidRows(data, items, { width: data.length / (items.before + 1), fresh: 'zero' })
    later[name] = { shape: [items.now.length, ...shape.slice(1)], data: laid }
  }
  const [level, ranges] = [earlier[made.level]?.data, earlier[rangesName]?.data as Float32Array | undefined]
  if (!level || !ranges) return later
  const levels = priceLevels(dataset, config, ranges)
  for (const [item, was] of items.now.entries()) if (was > 0) levels[item] = Number(level[was])
  return { ...later, [made.level]: leveled(levels) }
}

type Priced = Pick<Dataset, 'catalog'>
type PriceFields = Pick<MmsbrConfig, 'priceField' | 'categoryField'>

/** Items with a price: the price, and the category, 0 without one. */
function* pricesOf({ catalog }: Priced, { priceField, categoryField }: PriceFields) {
  const category = catalog.fields[categoryField]?.values
  for (const [item, price] of catalog.numbers?.[priceField]?.entries() ?? [])
    if (item > 0 && Number.isFinite(price)) yield { item, price, category: category?.[item] ?? 0 }
}

/** The least and the largest price of each category, [categories, 2]; undefined where no item has a price. */
export function priceRanges(dataset: Priced, fields: PriceFields): Float32Array | undefined {
  const count = dataset.catalog.fields[fields.categoryField]?.vocabulary.length ?? 1
  const ranges = new Float32Array(2 * count).fill(Number.NaN)
  for (const { price, category } of pricesOf(dataset, fields)) {
    const [least, largest] = [ranges[2 * category] as number, ranges[2 * category + 1] as number]
    ranges[2 * category] = Number.isNaN(least) ? price : Math.min(least, price)
    ranges[2 * category + 1] = Number.isNaN(largest) ? price : Math.max(largest, price)
  }
  return ranges.every(Number.isNaN) ? undefined : ranges
}

/** The level of each item, from 1 on, in the range of its category; 0 where it, or the category, has no price. */
export function priceLevels(
  dataset: Priced,
  config: PriceFields & Pick<MmsbrConfig, 'priceLevels'>,
  ranges: Float32Array,
): Int32Array {
  const levels = new Int32Array(dataset.catalog.ids.length)
  for (const { item, price, category } of pricesOf(dataset, config)) {
    const [least, largest] = [ranges[2 * category] as number, ranges[2 * category + 1] as number]
    if (Number.isNaN(least)) continue
    const share = largest > least ? (price - least) / (largest - least) : 0
    levels[item] = 1 + Math.max(0, Math.min(config.priceLevels - 1, Math.floor(share * config.priceLevels)))
  }
  return levels
}

/** How much of a column's variance is added before the inverse: vectors of few items would fit anything. */
const ridge = 1e-4

/** Vectors of each modality made from the other's by a map that fits the items that have both. */
async function pseudoVectors(image: FeatureTable, text: FeatureTable, compute: Compute): Promise<Offline> {
  const both = Float32Array.from(image.present, (present, item) => (item > 0 ? present * (text.present[item] ?? 0) : 0))
  const items = [...both.keys()].filter((item) => both[item] === 1)
  const rows = both.length
  const of = async (from: FeatureTable, to: FeatureTable): Promise<Float32Array> => {
    const made = new Float32Array(rows * to.width)
    if (items.length === 0) return made
    const [x, y] = [centered(from, items), centered(to, items)]
    await using program = await compute({ made: fitted(items.length, from.width, to.width) })
    program.bind('x', x.values)
    program.bind('y', y.values)
    program.bind('ridge', Float32Array.of(ridge * Math.max(x.variance, 1e-12)))
    await program.run()
    const found = program.outputs['made'] as Float32Array
    for (const [place, item] of items.entries())
      for (let at = 0; at < to.width; at++)
        made[item * to.width + at] = (found[place * to.width + at] as number) + (y.mean[at] as number)
    return made
  }
  return {
    [made.pseudo('image')]: { shape: [rows, image.width], data: await of(text, image) },
    [made.pseudo('text')]: { shape: [rows, text.width], data: await of(image, text) },
    [made.both]: { shape: [rows], data: both },
  }
}

/** X (X^T X + lambda 1)^-1 X^T Y of the inputs `x` [N, A], `y` [N, B] and `ridge` [1]. */
function fitted(count: number, from: number, to: number): Tensor {
  const [x, y] = [input('x', [count, from]), input('y', [count, to])]
  const diagonal = constant(
    Float32Array.from({ length: from * from }, (_, at) => (at % (from + 1) === 0 ? 1 : 0)),
    [from, from],
  )
  const square = x.matmul(x, { transposeA: true }).add(diagonal.mul(input('ridge', [1])))
  return x.matmul(inverse(square).matmul(x.matmul(y, { transposeA: true })))
}

/** Some rows around their mean, and the mean square of what is left, summed over rows. */
function centered({ vectors, width }: FeatureTable, items: readonly number[]) {
  const mean = new Float64Array(width)
  for (const item of items)
    for (let at = 0; at < width; at++)
      mean[at] = (mean[at] as number) + (vectors[item * width + at] as number) / items.length
  const values = new Float32Array(items.length * width)
  for (const [place, item] of items.entries())
    for (let at = 0; at < width; at++)
      values[place * width + at] = (vectors[item * width + at] as number) - (mean[at] as number)
  return { mean, values, variance: values.reduce((sum, value) => sum + value * value, 0) / width }
}
