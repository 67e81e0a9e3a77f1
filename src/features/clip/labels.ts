/** @file Labels that nobody assigned: the one of a list whose text is nearest to an item's picture. */

import type { FeatureTable, MadeCatalog } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { KeptEncoder } from '../kept-encoder.ts'

/** Which labels there are, and what becomes of them. */
export interface LabelOptions {
  /** The words to choose among. */
  readonly names: readonly string[]
  /** The categorical field that they make. */
  readonly field: string
  /** The sentence about a picture that each is set into, in the place of `{}`. */
  readonly prompt: string
}

/**
 * Reads the labels of a command line, parted by commas.
 * @throws UserError `invalid` for fewer than two or an empty one, `duplicate` for one that is there twice
 */
export function labelNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  const where = '--labels'
  if (names.length < 2 || names.includes(''))
    throw new UserError({
      where,
      problem: 'invalid',
      value: `"${text}"`,
      expected: 'two labels or more, as "dress,bag"',
    })
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw new UserError({ where, problem: 'duplicate', value: `"${twice}"` })
  return names
}

/**
 * The label of every item: that whose sentence is nearest to its picture, or to its title where it has no picture; ''
 * where it has neither.
 */
export async function chooseLabels<Prepared>(
  { image, text }: MadeCatalog,
  { names, prompt }: LabelOptions,
  encoder: KeptEncoder<Prepared>,
): Promise<string[]> {
  const sentences: Prepared[] = []
  for (const name of names) {
    const sentence = await encoder.prepare(Buffer.from(prompt.replaceAll('{}', name)))
    if (sentence !== undefined) sentences.push(sentence)
  }
  const vectors = await encoder.encode(sentences)
  const tables = [image?.table, text?.table].filter((table) => table !== undefined)
  return Array.from({ length: tables[0]?.present.length ?? 0 }, (_, item) => {
    const table = tables.find(({ present }) => present[item] === 1)
    return table === undefined ? '' : (names[nearest(table, item, vectors)] as string)
  })
}

/** The row of the largest dot product with an item's vector. */
function nearest({ vectors, width }: FeatureTable, item: number, rows: Float32Array): number {
  let [best, most] = [0, -Infinity]
  for (let row = 0; row * width < rows.length; row++) {
    let product = 0
    for (let at = 0; at < width; at++)
      product += (vectors[item * width + at] as number) * (rows[row * width + at] as number)
    if (product > most) [best, most] = [row, product]
  }
  return best
}
