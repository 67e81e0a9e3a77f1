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

/** Makes a {@link DryRun}. Outputs of its programs are zeros. */
export function dryRun(): DryRun {
  let total = 0
  return {
    bytes: () => total,
    runtime(graph, shared = {}) {
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
