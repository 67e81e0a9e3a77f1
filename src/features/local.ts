/** @file The features of a catalog by the local encoders: no download, no model, the same bytes everywhere. */
import { basename } from 'node:path'
import type { FeatureMaker, FeatureSources, MadeFeatures } from '../dataset/schema.ts'
import type { Encoder } from './encoder.ts'
import { imageEncoder } from './image.ts'
import { textEncoder } from './text.ts'

/** Encodes titles and pictures. A modality that no item has is left out. */
export function localFeatures(report: (line: string) => void = () => {}): FeatureMaker {
  const make = async ({ titles, images }: FeatureSources): ReturnType<FeatureMaker> => {
    const text = await encodeCatalog(
      await textEncoder(),
      titles.map((title) => title || null),
      'titles',
      report,
    )
    const image = await encodeCatalog(imageEncoder(), images, 'pictures', report)
    return { ...(text && { text: { ...text, broken: [] } }), ...(image && { image }) }
  }
  return Object.assign(make, { bytes })
}

/** Vectors of 512 numbers, once in a table and once as the file's bytes, and the texts of the items. */
function bytes({ items, pictures }: { items: number; pictures: boolean }): number {
  return items * (2 * 512 * 4 * (pictures ? 2 : 1) + 500) + (pictures ? 60e6 : 0)
}

/** Vectors of every item that has an input; `broken` names the inputs that could not be read. */
async function encodeCatalog(
  encoder: Encoder<string>,
  inputs: readonly (string | null)[],
  what: string,
  report: (line: string) => void,
): Promise<MadeFeatures | undefined> {
  const items = inputs.flatMap((input, item) => (input === null || item === 0 ? [] : [item]))
  if (items.length === 0) return undefined
  const table = {
    width: encoder.width,
    vectors: new Float32Array(inputs.length * encoder.width),
    present: new Uint8Array(inputs.length),
  }
  const broken: string[] = []
  for (let from = 0, told = 0; from < items.length; from += encoder.batchSize) {
    const batch = items.slice(from, from + encoder.batchSize)
    const { vectors, present } = await encoder.encode(batch.map((item) => inputs[item] as string))
    for (const [row, item] of batch.entries()) {
      table.present[item] = present[row] as number
      table.vectors.set(vectors.subarray(row * encoder.width, (row + 1) * encoder.width), item * encoder.width)
      if (!present[row]) broken.push(basename(inputs[item] as string))
    }
    if (from - told >= 1000) {
      told = from
      report(`${what}: ${from} of ${items.length} encoded`)
    }
  }
  return { encoder: encoder.name, table, broken }
}
