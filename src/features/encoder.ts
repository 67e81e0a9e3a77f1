/** @file The contract of encoders, which turn texts or pictures into vectors: our local ones, or a neural network. */

/** Vectors of a batch. */
export interface EncodedBatch {
  /** [n, width], row-major; zeros where `present` is 0. */
  readonly vectors: Float32Array
  /** [n]: 1 where the input could be encoded. */
  readonly present: Uint8Array
}

/** Encodes a batch of inputs. */
export interface Encoder<Input> {
  /** The encoder's name in the manifest. */
  readonly name: string
  readonly width: number
  /** Inputs in one batch. */
  readonly batchSize: number
  encode(batch: readonly Input[]): Promise<EncodedBatch>
}

/** Scales a vector to length 1, in place; false if it has no direction. */
export function normalize(vector: Float32Array): boolean {
  let squares = 0
  for (const value of vector) squares += value * value
  if (squares < 1e-12) return false
  const scale = 1 / Math.sqrt(squares)
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) * scale
  return true
}

/** Scales each row to length 1, in place. */
export function normalizeRows(vectors: Float32Array, rows: number): Float32Array {
  const width = vectors.length / rows
  for (let row = 0; row < rows; row++) normalize(vectors.subarray(row * width, (row + 1) * width))
  return vectors
}
