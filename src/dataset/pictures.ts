/** @file Where the pictures of a prepared dataset's items lie. */
import { existsSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { literal, openDatabase } from '../storage/duckdb.ts'
import type { Dataset, ItemIndex } from './schema.ts'

/** The pictures of a catalog. */
export interface Pictures {
  /** The absolute path of an item's picture; undefined without one. */
  of(item: ItemIndex): string | undefined
  /** Of how many items there are pictures. */
  readonly count: number
}

const noPictures: Pictures = { of: () => undefined, count: 0 }

/**
 * Reads which file in the folder of pictures is each item's; no item has one where the folder is not there.
 * @param images the folder, by default the one that the dataset was prepared with
 */
export async function readPictures({ folder, manifest }: Dataset, images?: string): Promise<Pictures> {
  const named = images ?? manifest.settings['images']
  const items = join(folder, 'items.parquet')
  if (typeof named !== 'string' || !existsSync(named) || !existsSync(items)) return noPictures
  const root = resolve(named)
  using db = await openDatabase({ threads: 1 })
  const { image } = await db.columns(
    `SELECT image FROM read_parquet(${literal(items)}) ORDER BY index`,
    manifest.counts.items,
    { image: 'text' },
  )
  const paths = image.map((within) => {
    const path = resolve(root, within)
    // A dataset made by hand must not lead out of its folder.
    return within !== '' && path.startsWith(`${root}${sep}`) ? path : undefined
  })
  return { of: (item) => paths[item - 1], count: paths.filter((path) => path !== undefined).length }
}
