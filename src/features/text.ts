/**
 * @file Titles to vectors without a model: hashed words and character n-grams, randomly projected. Nothing is fitted,
 * so nothing leaks.
 */
import xxhash from 'xxhash-wasm'
import { type EncodedBatch, type Encoder, normalize } from './encoder.ts'

/** Width of the vectors. */
const width = 512
const shortest = 3
const longest = 5
/**
 * How many coordinates an n-gram adds to, each with a sign: few enough to be quick, enough that two n-grams hardly ever
 * share all.
 */
const hashesPerGram = 4

/**
 * Encodes texts as sums over their words and character 3- to 5-grams of (1 + ln count) times a fixed random sign
 * pattern, L2-normalized. The pattern comes from the n-gram's hash, so no projection matrix is stored. A text without
 * letters or digits has no vector.
 */
export async function textEncoder(): Promise<Encoder<string>> {
  const hasher = await xxhash()
  const addGram = (vector: Float32Array, gram: string, weight: number): void => {
    for (let seed = 0; seed < hashesPerGram; seed++) {
      // 32 bits: three coordinates of 9 bits, each with a sign bit.
      let bits = hasher.h32(gram, seed)
      for (let part = 0; part < 3; part++) {
        const coordinate = bits & 511
        vector[coordinate] = (vector[coordinate] as number) + (bits & 512 ? weight : -weight)
        bits >>>= 10
      }
    }
  }
  const encodeOne = (text: string, vector: Float32Array): boolean => {
    for (const [gram, count] of gramsOf(text)) addGram(vector, gram, 1 + Math.log(count))
    return normalize(vector)
  }
  return {
    name: `local-text-1 (words, character ${shortest}-${longest}-grams, ${width})`,
    width,
    batchSize: 256,
    encode: (batch) => Promise.resolve(encodeAll(batch, encodeOne)),
  }
}

function encodeAll(batch: readonly string[], encodeOne: (text: string, vector: Float32Array) => boolean): EncodedBatch {
  const vectors = new Float32Array(batch.length * width)
  const present = new Uint8Array(batch.length)
  for (const [row, text] of batch.entries())
    present[row] = encodeOne(text, vectors.subarray(row * width, (row + 1) * width)) ? 1 : 0
  return { vectors, present }
}

/** Words, and the character n-grams of each word with its edges marked, with their counts. */
function gramsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  const count = (gram: string): void => void counts.set(gram, (counts.get(gram) ?? 0) + 1)
  for (const word of text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? []) {
    count(`=${word}`)
    const marked = Array.from(`<${word}>`)
    for (let size = shortest; size <= longest; size++) {
      for (let start = 0; start + size <= marked.length; start++) count(marked.slice(start, start + size).join(''))
    }
  }
  return counts
}
