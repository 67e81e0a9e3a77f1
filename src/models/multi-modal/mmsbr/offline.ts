/**
 * @file What MMSBR makes once: levels of prices within their categories, and vectors of each modality made from the
 * other by ridge regression, where the paper has captions of pictures and pictures made from texts.
 */
import type { Dataset, FeatureTable } from '../../../dataset/schema.ts'
import { inverse } from '../../../tensor/matrix.ts'
import { constant, input, type Tensor } from '../../../tensor/node.ts'
import type { Compute, Offline, OfflineSources } from '../../contract/model.ts'
import type { MmsbrConfig } from './config.ts'

/** Names of what is made. */
export const made = {
  /** The level of each item's price, [V + 1] int64: 0 where it has none. */
  level: 'price.level',
  /** Vectors of a modality made from the other, [V + 1, W]; zeros where an item lacks one of the two. */
  pseudo: (modality: string): string => `pseudo.${modality}`,
  /** 1 where an item has both, [V + 1]. */
  both: 'pseudo.present',
} as const

/** Makes them. Without prices there are no levels, and without both modalities nothing is made of either. */
export async function mmsbrOffline(config: MmsbrConfig, { dataset, compute }: OfflineSources): Promise<Offline> {
  const { image, text } = dataset.features
  const levels = config.withoutPrice ? undefined : priceLevels(dataset, config)
  return {
    ...(levels && { [made.level]: { shape: [levels.length], data: BigInt64Array.from(levels, BigInt) } }),
    ...(image && text && !config.withoutContrast && (await pseudoVectors(image, text, compute))),
  }
}

/** The level of each item, from 1 on, or 0; undefined where no item has a price. */
export function priceLevels(
  { catalog }: Pick<Dataset, 'catalog'>,
  { priceField, categoryField, priceLevels: count }: MmsbrConfig,
): Int32Array | undefined {
  const price = catalog.numbers?.[priceField]
  if (!price?.some((value, item) => item > 0 && Number.isFinite(value))) return undefined
  const category = catalog.fields[categoryField]?.values
  const ranges = new Map<number, { least: number; largest: number }>()
  const known = [...price.keys()].filter((item) => item > 0 && Number.isFinite(price[item]))
  for (const item of known) {
    const [value, of] = [price[item] as number, category?.[item] ?? 0]
    const { least, largest } = ranges.get(of) ?? { least: value, largest: value }
    ranges.set(of, { least: Math.min(least, value), largest: Math.max(largest, value) })
  }
  const levels = new Int32Array(price.length)
  for (const item of known) {
    const { least, largest } = ranges.get(category?.[item] ?? 0) as { least: number; largest: number }
    const share = largest > least ? ((price[item] as number) - least) / (largest - least) : 0
    levels[item] = 1 + Math.min(count - 1, Math.floor(share * count))
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
