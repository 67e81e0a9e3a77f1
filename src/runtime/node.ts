/**
 * @file The runtime of Node, and the only importer of onnxruntime-node: a compiled graph that runs on given buffers.
 */
import { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node'
import { Bug } from '../errors.ts'
import type { Graph } from '../onnx/graph.ts'
import { type DataType, sizeOf, type Tensor } from '../tensor/node.ts'
import type { Buffer, Program, Runtime } from './runtime.ts'

/** How programs run. */
export interface RuntimeOptions {
  /** Threads of one operator; results may differ in the last bits between different counts. */
  readonly threads?: number
  /** `cpu` by default; `cuda` and `webgpu` where the installed runtime has them. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu'
  /** Keep the memory arena between runs: faster, and its peak stays held (default true). */
  readonly arena?: boolean
  /** Writes a profile with this file prefix. */
  readonly profile?: string
}

const arrayOf: Readonly<Record<DataType, (size: number) => Buffer>> = {
  float32: (size) => new Float32Array(size),
  float64() {
    throw new Bug('double precision stays inside a graph: cast an output to float32')
  },
  int64: (size) => new BigInt64Array(size),
  bool: (size) => new Uint8Array(size),
}

/** A runtime with options. */
export const nodeRuntime =
  (options: RuntimeOptions = {}): Runtime =>
  (graph, outputBuffers) =>
    compile(graph, options, outputBuffers)

/**
 * Compiles a graph; `outputBuffers` names buffers of the caller's to write outputs to.
 * @throws Bug for an unknown name or a wrong size.
 */
export async function compile(
  graph: Graph,
  options: RuntimeOptions = {},
  outputBuffers: Readonly<Record<string, Buffer>> = {},
): Promise<Program> {
  const feeds: Record<string, RuntimeTensor> = {}
  const fetches: Record<string, RuntimeTensor> = {}
  const outputs: Record<string, Buffer> = {}
  const known = Object.keys(graph.outputs)
  for (const name of Object.keys(outputBuffers))
    if (!known.includes(name)) throw new Bug(`the program has no output "${name}"; it has ${known.join(', ')}`)
  for (const [name, tensor] of Object.entries(graph.outputs)) {
    outputs[name] = outputBuffers[name] ?? arrayOf[tensor.dtype](sizeOf(tensor.shape))
    fetches[name] = wrap(name, tensor, outputs[name])
  }
  const session = await InferenceSession.create(graph.bytes, {
    executionProviders: [options.provider ?? 'cpu'],
    intraOpNumThreads: options.threads ?? 2,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    enableCpuMemArena: options.arena ?? true,
    // The pattern doubles what a session holds and gains no time here; without it the peak can be told beforehand.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // It turns the slices of a tensor, of which one is needed after the other, into all of them at once.
    extra: { optimization: { disable_specified_optimizers: 'GatherSliceToSplitFusion' } },
    ...(options.profile && { enableProfiling: true, profileFilePrefix: options.profile }),
  })
  return {
    outputs,
    bind(name, buffer) {
      const tensor = graph.inputs.get(name)
      if (!tensor) throw new Bug(`the program has no input "${name}"; it has ${[...graph.inputs.keys()].join(', ')}`)
      feeds[name] = wrap(name, tensor, buffer)
    },
    async run() {
      for (const name of graph.inputs.keys()) if (!feeds[name]) throw new Bug(`input "${name}" was never bound`)
      await session.run(feeds, fetches)
    },
    endProfiling: () => session.endProfiling(),
    [Symbol.asyncDispose]: () => session.release(),
  }
}

function wrap(name: string, { dtype, shape }: Tensor, buffer: Buffer): RuntimeTensor {
  if (buffer.length !== sizeOf(shape))
    throw new Bug(`"${name}" has ${buffer.length} values, its shape [${shape.join(', ')}] needs ${sizeOf(shape)}`)
  return new RuntimeTensor(dtype, buffer as Float32Array, shape)
}
