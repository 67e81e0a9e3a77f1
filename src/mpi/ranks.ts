/** @file Processes that work on one thing together, each with a number, its rank, from 0. */

/** Arrays that ranks can send each other. */
export type Sent = Float32Array | Float64Array | Int32Array

/**
 * All ranks, as one of them sees them. Every rank must call the same in the same order; nobody gets on before all do.
 */
export interface Ranks extends AsyncDisposable {
  readonly rank: number
  /** How many ranks there are. */
  readonly size: number
  /** Adds up the arrays of all ranks, in place: each has the same bytes then. They must be equally long. */
  sum(values: Float32Array | Float64Array): Promise<void>
  /** The arrays of all ranks one after the other, by rank. They may differ in length. */
  gather<Array extends Sent>(values: Array): Promise<Array>
  /** Gives each rank an array of its own: rank r gets `arrays[r]`, and what comes back at place r is from rank r. */
  trade<Array extends Sent>(arrays: readonly Array[]): Promise<readonly Array[]>
  /** Waits for all ranks. */
  together(): Promise<void>
  /** Ends the processes of all ranks at once. */
  abort(exitCode: number): void
}
