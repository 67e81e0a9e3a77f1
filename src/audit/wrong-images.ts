/** @file Planted mismatch: some items get another item's image vector (SGP4SR, Fig. 3). */
import type { FeatureMaker, FeatureTable } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { randomStream } from '../random/stream.ts'

/** Which share of the items with an image gets a wrong one, and the seed of the group. */
export interface WrongImages {
  readonly share: number
  readonly seed: number
}

/**
 * Features of another maker, where a share of the items with an image have the image vector that another one had. A
 * seed's smaller group is part of its larger ones, and an item has the same wrong image in each.
 * @throws UserError `missing` when there are no image vectors
 */
export function wrongImages(make: FeatureMaker, { share, seed }: WrongImages): FeatureMaker {
  return async (sources) => {
    const made = await make(sources)
    const { image } = made
    if (!image)
      throw new UserError({
        where: 'noise',
        problem: 'missing',
        value: 'image vectors',
        expected: 'a dataset with pictures',
      })
    const table = mismatched(image.table, { share, seed })
    return { ...made, image: { ...image, encoder: `${image.encoder}, ${share} of them wrong, group ${seed}`, table } }
  }
}

/** A copy of a table in which round(share * n) of the n present rows hold another present row. */
export function mismatched({ width, vectors, present }: FeatureTable, { share, seed }: WrongImages): FeatureTable {
  const owners = Int32Array.from([...present.entries()].flatMap(([item, one]) => (one === 1 ? [item] : [])))
  const group = randomStream(seed, 'wrong images')
    .shuffle(owners.slice())
    .subarray(0, Math.round(share * owners.length))
  const copy = vectors.slice()
  for (const item of group) {
    const place = owners.indexOf(item)
    // One of the others, each as likely.
    const other = owners[
      (place + 1 + randomStream(seed, 'whose image', item).integer(owners.length - 1)) % owners.length
    ] as number
    copy.set(vectors.subarray(other * width, (other + 1) * width), item * width)
  }
  return { width, vectors: copy, present }
}
