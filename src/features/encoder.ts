/** @file What turns inputs into vectors: the contract every encoder keeps, from our local ones to a neural network's. */

/** Vectors of a batch. */
export interface EncodedBatch {
  /** [n, width], row-major; zeros where `present` is 0. */
  readonly vectors: Float32Array
  /** [n]: 1 where the input could be encoded. */
  readonly present: Uint8Array
}

/** A batch in, vectors out. */
export interface Encoder<Input> {
  /** Goes into the manifest: whoever reads the vectors knows what made them. */
  readonly name: string
  readonly width: number
  /** Inputs handed over at a time. */
  readonly batchSize: number
  encode(batch: readonly Input[]): Promise<EncodedBatch>
}

/** Scales a vector to length 1, in place; false where it has no direction. */
export function normalize(vector: Float32Array): boolean {
  let squares = 0
  for (const value of vector) squares += value * value
  if (squares < 1e-12) return false
  const scale = 1 / Math.sqrt(squares)
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) * scale
  return true
}
