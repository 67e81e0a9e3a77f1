/** @file The contract of encoders whose vectors take long to make, so that they are kept by what they were made of. */
import { createHash } from 'node:crypto'

/** Encodes inputs by a neural network, which it holds until it is disposed of. */
export interface KeptEncoder<Prepared> extends AsyncDisposable {
  /** The encoder's name in the manifest. */
  readonly name: string
  /** SHA-256 of all that its vectors depend on beside the input: the model, and how inputs are prepared. */
  readonly fingerprint: string
  readonly width: number
  /** Inputs in one batch. */
  readonly batchSize: number
  /** The bytes of an input; undefined where it cannot be read. */
  readonly content: (input: string) => Promise<Uint8Array | undefined>
  /** What the model reads of an input's bytes; undefined where they cannot be decoded. */
  readonly prepare: (content: Uint8Array) => Promise<Prepared | undefined>
  /** [n, width], row-major; rows of length 1, or of zeros where an input has no direction. */
  readonly encode: (batch: readonly Prepared[]) => Promise<Float32Array>
}

/** The SHA-256 of values that JSON can say. */
export const fingerprintOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')
