/** @file Items that show one picture under other titles. */
import type { Pictures } from '../dataset/pictures.ts'
import type { Dataset } from '../dataset/schema.ts'
import { isSamePicture, type PictureHash, pictureHash } from '../features/picture-files.ts'

/** The items of one picture, of which at least two have titles that differ. */
export type SamePicture = readonly number[]

const atOnce = 4

/** Groups of items with the same picture, the largest first. */
export async function samePictures({ catalog }: Pick<Dataset, 'catalog'>, pictures: Pictures): Promise<SamePicture[]> {
  const paths = Array.from(catalog.ids.keys()).flatMap((item) => {
    const path = item === 0 ? undefined : pictures.of(item)
    return path === undefined ? [] : [{ item, path }]
  })
  const hashed: { item: number; hash: PictureHash }[] = []
  for (let from = 0; from < paths.length; from += atOnce) {
    const batch = await Promise.all(
      paths.slice(from, from + atOnce).map(async ({ item, path }) => ({ item, hash: await pictureHash(path) })),
    )
    hashed.push(...batch.flatMap(({ item, hash }) => (hash ? [{ item, hash }] : [])))
  }
  return groupsOf(hashed).filter((items) => new Set(items.map((item) => plain(catalog.titles[item]))).size > 1)
}

const plain = (title = ''): string => title.normalize('NFKC').toLowerCase().trim()

/**
 * Items whose hashes are the same, or the same as those of a third. Of hashes that differ in three bits, one of the
 * four parts is equal: only those are compared.
 */
function groupsOf(hashed: readonly { readonly item: number; readonly hash: PictureHash }[]): number[][] {
  const group = hashed.map((_, at) => at)
  const rootOf = (at: number): number => {
    let root = at
    while (group[root] !== root) root = group[root] as number
    return root
  }
  const parts = new Map<string, number[]>()
  for (const [at, { hash }] of hashed.entries()) {
    for (const [part, bits] of hash.bits.entries()) {
      const key = `${part}:${bits}`
      const same = parts.get(key) ?? []
      for (const other of same)
        if (rootOf(other) !== rootOf(at) && isSamePicture(hash, (hashed[other] as (typeof hashed)[number]).hash))
          group[rootOf(at)] = rootOf(other)
      same.push(at)
      parts.set(key, same)
    }
  }
  const found = new Map<number, number[]>()
  for (const [at, { item }] of hashed.entries()) found.set(rootOf(at), [...(found.get(rootOf(at)) ?? []), item])
  return [...found.values()].filter(({ length }) => length > 1).sort((a, b) => b.length - a.length)
}
