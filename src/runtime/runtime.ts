/**
 * @file What ranking and training ask of a runtime: a compiled graph over named buffers. Given, not imported, so that a
 * browser can bring its own.
 */
import type { Graph } from '../onnx/graph.ts'

/** Buffers a program reads and writes. */
export type Buffer = Float32Array | BigInt64Array | Uint8Array

/** A compiled graph: named inputs and outputs over buffers that are never copied. */
export interface Program extends AsyncDisposable {
  /**
   * Points an input at a buffer, which is read at every run until bound anew.
   * @throws Bug for an unknown name or a wrong size.
   */
  bind(name: string, buffer: Buffer): void
  /** Computes every output into its buffer. @throws Bug when an input was never bound. */
  run(): Promise<void>
  /** The outputs' buffers, filled in place by each run. */
  readonly outputs: Readonly<Record<string, Buffer>>
  /** Ends the profile, if one was asked for. */
  endProfiling(): void
}

/** Compiles a graph; `outputBuffers` names buffers of the caller's to write outputs to. */
export type Runtime = (graph: Graph, outputBuffers?: Readonly<Record<string, Buffer>>) => Promise<Program>

/**
 * Gives turns: what it is called with runs alone, one after the other in the order of the calls. A program reads and
 * writes buffers of its own, so whoever fills them, runs it and copies the outputs out needs the program for all of
 * that time.
 */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Makes {@link Turns}. */
export function turns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    // A turn that fails ends only itself.
    last = next.catch(() => undefined)
    return next
  }
}
