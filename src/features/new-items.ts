/** @file Vectors of the texts of items that came since a dataset was prepared. */
import type { NewItem } from '../dataset/grow.ts'
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { textEncoderNamed } from './encoder-named.ts'

/**
 * New items with the vectors of their texts, by the encoder of the dataset's texts where that is the local one or the
 * sentence encoder; those that have a vector keep it. Items of a dataset without texts come back as they are.
 * @throws UserError `missing` for a text without a vector where another encoder made the dataset's, such as CLIP
 */
export async function withTextVectors(
  { manifest }: Pick<Dataset, 'manifest'>,
  items: readonly NewItem[],
): Promise<readonly NewItem[]> {
  const made = manifest.features.text
  if (!made) return items
  const encoded: NewItem[] = []
  for (const item of items) {
    const text = (item.text ?? item.title ?? '').trim()
    if (item.vectors?.text || text === '') {
      encoded.push(item)
      continue
    }
    const encode = await textEncoderNamed(made.encoder)
    if (!encode) {
      const value = `a text vector by ${made.encoder}`
      const hint = 'give the vector: texts are encoded here by the local and the sentence encoder alone'
      throw new UserError({ where: `item "${item.id}"`, problem: 'missing', value, hint })
    }
    const vector = await encode(text)
    encoded.push(vector ? { ...item, vectors: { ...item.vectors, text: vector } } : item)
  }
  return encoded
}
