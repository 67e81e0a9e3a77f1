/** @file The features of a catalog by the local encoders: no download, no model, the same bytes everywhere. */
import type { FeatureMaker, FeatureSources } from '../dataset/schema.ts'
import { encodeCatalog } from './encode-catalog.ts'
import { imageEncoder } from './image.ts'
import { textEncoder } from './text.ts'

/** Encodes titles and pictures. A modality that no item has is left out. */
export function localFeatures(report: (line: string) => void = () => {}): FeatureMaker {
  const make = async ({ titles, images }: FeatureSources): ReturnType<FeatureMaker> => {
    const texts = titles.map((title) => title || null)
    const text = await encodeCatalog(await textEncoder(), { inputs: texts, what: 'titles', report })
    const image = await encodeCatalog(imageEncoder(), { inputs: images, what: 'pictures', report })
    return { ...(text && { text: { ...text, broken: [] } }), ...(image && { image }) }
  }
  return Object.assign(make, { bytes })
}

/** Vectors of 512 numbers, once in a table and once as the file's bytes, and the texts of the items. */
function bytes({ items, pictures }: { items: number; pictures: boolean }): number {
  return items * (2 * 512 * 4 * (pictures ? 2 : 1) + 500) + (pictures ? 60e6 : 0)
}
