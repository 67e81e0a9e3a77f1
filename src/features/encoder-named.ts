/** @file Encoders by the name that a dataset's manifest gives them, as far as they need no file of one's own. */
import { imageEncoder } from './image.ts'
import { openSentenceEncoder } from './sentence.ts'
import { textEncoder } from './text.ts'

/** The vector of a text, or of the picture at a path; undefined where it has none. */
export type EncodeOne = (input: string) => Promise<Float32Array | undefined>

/** What encodes a text as the encoder of this name did; undefined where that is not at hand, as CLIP is not. */
export async function textEncoderNamed(name: string): Promise<EncodeOne | undefined> {
  const local = await textEncoder()
  if (name === local.name) return one(local)
  if (!name.startsWith('sentence-')) return undefined
  const sentence = await sentenceEncoder()
  if (name !== sentence.name) return undefined
  return async (text) => {
    const vector = await sentence.encode([text])
    return vector.some((value) => value !== 0) ? vector : undefined
  }
}

/** The same of pictures. */
export function imageEncoderNamed(name: string): EncodeOne | undefined {
  const local = imageEncoder()
  return name === local.name ? one(local) : undefined
}

const one =
  ({ encode }: Pick<Awaited<ReturnType<typeof textEncoder>>, 'encode'>): EncodeOne =>
  async (input) => {
    const { vectors, present } = await encode([input])
    return present[0] ? vectors : undefined
  }

let opened: ReturnType<typeof openSentenceEncoder> | undefined
/** The sentence encoder, opened once: its model takes a second. */
function sentenceEncoder(): ReturnType<typeof openSentenceEncoder> {
  opened ??= openSentenceEncoder()
  return opened
}
