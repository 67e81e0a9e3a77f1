/** @file How long the vectors of a catalog take to make, measured on some of its items. */
import { readPictures } from '../dataset/pictures.ts'
import type { Dataset } from '../dataset/schema.ts'
import { type EncodeOne, imageEncoderNamed, textEncoderNamed } from '../features/encoder-named.ts'
import type { KnockOut } from './knock-out.ts'

/** Of so many items the time is measured. */
const measuredItems = 200

/** The same result with how long pictures and texts take to encode, in seconds; null where that cannot be measured. */
export async function withEncodingTimes(result: KnockOut, dataset: Dataset): Promise<KnockOut> {
  const signals: KnockOut['signals'][number][] = []
  for (const signal of result.signals) {
    const isModality = signal.kind === 'modality' && (signal.name === 'image' || signal.name === 'text')
    const encodeSeconds = isModality ? await secondsOf(dataset, signal.name) : null
    signals.push({ ...signal, cost: { ...signal.cost, encodeSeconds } })
  }
  return { ...result, signals }
}

/** Titles or pictures of the whole catalog by the encoder that made the dataset's vectors. */
async function secondsOf(dataset: Dataset, modality: 'image' | 'text'): Promise<number | null> {
  const { manifest, catalog } = dataset
  const name = manifest.features[modality]?.encoder ?? ''
  const encode = modality === 'text' ? await textEncoderNamed(name) : imageEncoderNamed(name)
  if (!encode) return null
  const pictures = modality === 'image' ? await readPictures(dataset) : undefined
  const inputs = catalog.ids.flatMap((_, item) => {
    const input = item === 0 ? undefined : pictures ? pictures.of(item) : catalog.titles[item]
    return input ? [input] : []
  })
  return inputs.length === 0 ? null : inputs.length * (await secondsEach(inputs, encode))
}

/** Seconds for one input, in the mean of some that lie evenly among all; the first opens the encoder. */
async function secondsEach(inputs: readonly string[], encode: EncodeOne): Promise<number> {
  await encode(inputs[0] as string)
  const count = Math.min(measuredItems, inputs.length)
  const begin = performance.now()
  for (let at = 0; at < count; at++) await encode(inputs[Math.floor((at * inputs.length) / count)] as string)
  return (performance.now() - begin) / 1000 / count
}
