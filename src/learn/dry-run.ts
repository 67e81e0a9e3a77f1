/** @file A runtime that computes nothing, to tell the memory of what would be compiled with it. */
import type { Buffer, Program, Runtime } from '../runtime/runtime.ts'
import { sizeOf, type Tensor } from '../tensor/node.ts'
import { programBytes } from './memory.ts'

/** A runtime, and the bytes that its programs would hold. */
export interface DryRun {
  readonly runtime: Runtime
  bytes(): number
}

/** Zeros that nobody wrote to yet take no memory. */
const zeros = ({ dtype, shape }: Tensor): Buffer =>
  dtype === 'int64' ? new BigInt64Array(sizeOf(shape)) : new Float32Array(sizeOf(shape))

/** How many copies of a run's outputs wait for the collector: onnxruntime makes one at each run. Measured. */
const waitingCopies = 2

/** Makes a {@link DryRun}. Outputs of its programs are zeros. */
export function dryRun(): DryRun {
  let [total, largest] = [0, 0]
  return {
    bytes: () => total + waitingCopies * largest,
    runtime(graph, shared = {}) {
      const outputs = Object.values(graph.outputs).reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
      largest = Math.max(largest, outputs)
      total += programBytes(graph, (name) => name in shared)
      const program: Program = {
        outputs: Object.fromEntries(
          Object.entries(graph.outputs).map(([name, tensor]) => [name, shared[name] ?? zeros(tensor)]),
        ),
        bind: () => undefined,
        run: () => Promise.resolve(),
        endProfiling: () => undefined,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }
      return Promise.resolve(program)
    },
  }
}
