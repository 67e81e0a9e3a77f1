/**
 * @file The runtime of Node, and the only importer of onnxruntime-node: a compiled graph that runs on given buffers.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Tensor as RuntimeTensor, InferenceSession as Session } from 'onnxruntime-node'
import { Bug, UserError } from '../errors.ts'
import type { Graph } from '../onnx/graph.ts'
import { type DataType, type Tensor as Shaped, sizeOf } from '../tensor/node.ts'
import type { Buffer, Program, Runtime } from './runtime.ts'

/** How programs run. */
export interface RuntimeOptions {
  /** Threads of one operator; results may differ in the last bits between different counts. */
  readonly threads?: number
  /** `cpu` by default; `cuda` and `webgpu` where the installed runtime has them. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu'
  /**
   * Whether threads without work wait in a loop (default true): the next operator begins a moment earlier, and a core
   * is busy meanwhile. On a machine that does other work too, each run then takes several times as long.
   */
  readonly spin?: boolean
  /** Keep the memory arena between runs: faster, and its peak stays held (default true). */
  readonly arena?: boolean
  /**
   * Whether a graph is made faster before it runs (default true): for one that runs a few times, that takes longer than
   * it gains.
   */
  readonly optimize?: boolean
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

/** A runtime that compiles equal graphs once, for whoever makes the same ones again and again, as tests do. */
export interface KeepingRuntime extends Runtime {
  /** Gives back what was compiled; the programs made so far run no more. */
  release(): Promise<void>
}

/** A runtime whose programs of equal graphs share what was compiled, which stays until it is released. */
export function keepingRuntime(options: RuntimeOptions = {}): KeepingRuntime {
  const kept = new Map<string, Promise<Session>>()
  const sessionOf = (graph: Graph): Promise<Session> => {
    const key = new TextDecoder('latin1').decode(graph.bytes)
    const session = kept.get(key) ?? createSession(graph, options)
    kept.set(key, session)
    return session
  }
  const runtime: Runtime = async (graph, outputBuffers) => ({
    ...(await programOf(graph, sessionOf, outputBuffers)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
  return Object.assign(runtime, {
    async release() {
      const sessions = [...kept.values()]
      kept.clear()
      for (const session of sessions) await (await session).release()
    },
  })
}

type Onnxruntime = typeof import('onnxruntime-node')

/** @throws UserError `missing` where onnxruntime's binary is not there, `unsupported` where it does not load */
async function load(): Promise<Onnxruntime> {
  try {
    return await import('onnxruntime-node')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const platform = `${process.platform} ${process.arch}`
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
      throw new UserError({
        where: 'onnxruntime-node',
        problem: 'missing',
        value: `its binary for ${platform}`,
        hint: 'install again with ONNXRUNTIME_NODE_INSTALL=skip npm i; there are binaries for Linux (glibc), macOS and Windows',
      })
    if (code === 'ERR_DLOPEN_FAILED')
      throw new UserError({
        where: 'onnxruntime-node',
        problem: 'unsupported',
        value: message,
        expected: `a system that loads its binary for ${platform}`,
        hint: 'on Linux that needs glibc: Debian has it, Alpine does not',
      })
    throw error
  }
}

/**
 * Compiles a graph; `outputBuffers` names buffers of the caller's to write outputs to.
 * @throws Bug for an unknown name or a wrong size, and UserError where onnxruntime cannot be loaded
 */
export function compile(
  graph: Graph,
  options: RuntimeOptions = {},
  outputBuffers?: Readonly<Record<string, Buffer>>,
): Promise<Program> {
  return programOf(graph, () => createSession(graph, options), outputBuffers)
}

async function createSession({ bytes }: Graph, options: RuntimeOptions): Promise<Session> {
  const { InferenceSession } = await load()
  const { provider = 'cpu' } = options
  if (provider === 'cpu') return InferenceSession.create(bytes, settingsOf(options))
  // onnxruntime would say so in three lines of its own.
  if (provider === 'cuda' && !hasCuda()) throw noDevice(provider)
  return InferenceSession.create(bytes, settingsOf(options)).catch((error: unknown) => {
    throw noDevice(provider, error as Error)
  })
}

/** Whether onnxruntime's library for CUDA was downloaded when the package was installed. */
function hasCuda(): boolean {
  const installed = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')))
  const folder = join(installed, 'bin', 'napi-v6', process.platform, process.arch)
  return existsSync(join(folder, 'libonnxruntime_providers_cuda.so'))
}

/** Why a GPU cannot be used. */
function noDevice(provider: 'cuda' | 'webgpu', error?: Error): UserError {
  const hints = {
    cuda: 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node brings its library, on Linux x64 (docs/scale.md)',
    webgpu: 'WebGPU needs a GPU with a driver for Vulkan, Metal or Direct3D 12 (docs/scale.md)',
  }
  return new UserError({
    where: '--device',
    problem: 'unsupported',
    value: `${provider} on this machine${error ? `: ${shortened(error.message)}` : ''}`,
    expected: 'cpu',
    hint: hints[provider],
  })
}

/** The last sentence of onnxruntime's, which says what failed. */
const shortened = (message: string): string =>
  (message.split(' was false. ').at(-1) as string).split('\n')[0]?.slice(0, 200) ?? ''

function settingsOf(options: RuntimeOptions): Session.SessionOptions {
  return {
    executionProviders: [options.provider ?? 'cpu'],
    intraOpNumThreads: options.threads ?? 2,
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimize === false ? 'disabled' : 'all',
    enableCpuMemArena: options.arena ?? true,
    // The pattern doubles what a session holds and gains no time here; without it the peak can be told beforehand.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      // It turns the slices of a tensor, of which one is needed after the other, into all of them at once.
      optimization: { disable_specified_optimizers: 'GatherSliceToSplitFusion' },
      session: { intra_op: { allow_spinning: options.spin === false ? '0' : '1' } },
    },
    ...(options.profile && { enableProfiling: true, profileFilePrefix: options.profile }),
  }
}

/** Numbers with a shape. */
export interface ShapedNumbers<Data = Float32Array | BigInt64Array> {
  readonly data: Data
  readonly shape: readonly number[]
}

/** A model made elsewhere. Its inputs may have other shapes at every run. */
export interface ModelFile extends AsyncDisposable {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Computes the named output from all inputs. */
  run(inputs: Readonly<Record<string, ShapedNumbers>>, output: string): Promise<ShapedNumbers<Float32Array>>
}

/**
 * Opens an ONNX file that another tool wrote, with the files of weights beside it that it names.
 * @throws UserError `corrupted` where onnxruntime does not read it
 */
export async function openModelFile(path: string, options: RuntimeOptions = {}): Promise<ModelFile> {
  const { InferenceSession, Tensor } = await load()
  const refuse = (error: unknown, expected: string): UserError =>
    new UserError({ where: path, problem: 'corrupted', value: (error as Error).message, expected })
  const session = await InferenceSession.create(path, settingsOf(options)).catch((error: unknown) => {
    throw refuse(error, 'an ONNX model')
  })
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(inputs, output) {
      const feeds = Object.entries(inputs).map(([name, { data, shape }]) => {
        const tensor =
          data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape)
        return [name, tensor] as const
      })
      const results = await session.run(Object.fromEntries(feeds), [output]).catch((error: unknown) => {
        throw refuse(error, `a model of ${Object.keys(inputs).join(', ')}`)
      })
      const { data, dims } = results[output] as RuntimeTensor
      if (data instanceof Float32Array) return { data, shape: dims }
      throw refuse(new Error(`${output} is not of 32-bit numbers`), 'a model that gives 32-bit numbers')
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}

/** A session with buffers of its own. */
async function programOf(
  graph: Graph,
  sessionOf: (graph: Graph) => Promise<Session>,
  outputBuffers: Readonly<Record<string, Buffer>> = {},
): Promise<Program> {
  const { Tensor } = await load()
  const wrap = (name: string, tensor: Shaped, buffer: Buffer): RuntimeTensor => {
    checkSize(name, tensor, buffer)
    return new Tensor(tensor.dtype, buffer as Float32Array, tensor.shape)
  }
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
  const session = await sessionOf(graph)
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

function checkSize(name: string, { shape }: Shaped, buffer: Buffer): void {
  if (buffer.length !== sizeOf(shape))
    throw new Bug(`"${name}" has ${buffer.length} values, its shape [${shape.join(', ')}] needs ${sizeOf(shape)}`)
}
