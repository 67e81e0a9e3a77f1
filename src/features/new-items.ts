/** @file Vectors of the texts of items that came since a dataset was prepared. */
import type { NewItem } from '../dataset/grow.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { textEncoder } from './text.ts'

/**
 * New items with the vectors of their texts, by the encoder of the dataset's texts where that is the local one; those
 * that have a vector keep it. Items of a dataset without texts come back as they are.
 * @throws UserError `missing` for a text without a vector where the dataset's encoder is not the local one
 */
export async function withTextVectors(
  { manifest }: Pick<Dataset, 'manifest'>,
  items: readonly NewItem[],
): Promise<readonly NewItem[]> {
  const made = manifest.features.text
  if (!made) return items
  const encoder = await textEncoder()
  const encoded: NewItem[] = []
  for (const item of items) {
    const text = item.text ?? item.title ?? ''
    if (item.vectors?.text || text === '') {
      encoded.push(item)
      continue
    }
    if (made.encoder !== encoder.name) {
      const value = `a text vector by ${made.encoder}`
      const hint = 'give the vector: texts are encoded here by the local encoder alone'
      throw new UserError({ where: `item "${item.id}"`, problem: 'missing', value, hint })
    }
    const { vectors, present } = await encoder.encode([text])
    encoded.push(present[0] ? { ...item, vectors: { ...item.vectors, text: vectors } } : item)
  }
  return encoded
}
