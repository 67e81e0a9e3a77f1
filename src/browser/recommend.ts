/**
 * @file The module `recommend.js` of an exported folder: ranks the catalog in a browser, and sends the history nowhere.
 * It is bundled with all it imports but onnxruntime-web, which lies beside it.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm'
import type { InputBuffers } from '../batches/kind.ts'
import { batchesOf } from '../batches/recipes.ts'
import { servedWindow } from '../batches/windows.ts'
import { excludedItems } from '../dataset/candidates.ts'
import type { History } from '../dataset/schema.ts'
import { topItems } from '../dataset/top-items.ts'
import { unknownName } from '../errors.ts'
import { checkTop } from '../rank/list-length.ts'
import { turns } from '../runtime/runtime.ts'
import { sizeOf } from '../tensor/node.ts'
import { type Exported, type ExportedCatalog, exportedFiles } from './exported.ts'
import { historyReader } from './history-reader.ts'
import type { load as Load, recommend as Recommend } from './recommend-module.ts'

// Kept in a name of its own: a bundler would take a URL of a file beside the module for a file of its own.
const home = import.meta.url
const wasm = 'ort-wasm-simd-threaded.wasm'
// One thread needs no cross-origin isolation, so that any static server will do.
env.wasm.numThreads = 1
env.wasm.wasmPaths = new URL('.', home).href

/** See `recommend-module.ts`. */
export const load: typeof Load = async (folder = new URL('.', home), { fetch: ask } = {}) => {
  const from = String(folder).replace(/\/?$/, '/')
  const file = (url: string): Promise<Response> => fetched(url, ask)
  const [exported, catalog, graph, runtime] = await Promise.all([
    file(from + exportedFiles.model).then((found) => found.json() as Promise<Exported>),
    file(from + exportedFiles.catalog).then((found) => found.json() as Promise<ExportedCatalog>),
    file(from + exportedFiles.graph).then((found) => found.arrayBuffer()),
    // By itself the runtime loads its largest file while it compiles it, and tells nobody how far it is.
    ask && file(new URL(wasm, home).href).then((found) => found.arrayBuffer()),
  ])
  if (runtime) env.wasm.wasmBinary ??= runtime
  const { model, dataset, manifest } = exported
  const { ids, titles, popularity } = catalog
  const scoresOf = await scorer(exported, graph)
  const read = historyReader(ids, manifest)
  const popular = Float32Array.from([Number.NEGATIVE_INFINITY, ...popularity])
  return {
    model,
    dataset,
    behaviors: manifest.behaviors,
    target: manifest.target,
    items: ids.map((id, at) => ({ id, title: titles[at] ?? '' })),
    async recommend(events, { top = 10, exclude } = {}) {
      checkTop(top)
      if (exclude !== undefined && !Object.hasOwn(policies, exclude))
        throw unknownName('exclude', exclude, Object.keys(policies))
      const history = read(events)
      const scores = events.length === 0 ? popular : await scoresOf(history)
      const candidates = exclude === undefined ? manifest.candidates : policies[exclude]
      const best = topItems(scores, top, excludedItems({ manifest: { ...manifest, candidates } }, history))
      return {
        items: best.map(({ item, score }) => ({ id: ids[item - 1] ?? '', title: titles[item - 1] ?? '', score })),
        popular: events.length === 0,
      }
    },
  }
}

let own: ReturnType<typeof load> | undefined

/** See `recommend-module.ts`. */
export const recommend: typeof Recommend = async (history, top = 10) => {
  own ??= load().catch((error: unknown) => {
    // Whoever asks next tries again.
    own = undefined
    throw error
  })
  return (await (await own).recommend(history, { top })).items
}

/** The candidates policy of each way to exclude. */
const policies = { seen: 'unseen', target: 'untargeted', none: 'all' } as const

async function fetched(url: string, ask = (url: string): Promise<Response> => fetch(url)): Promise<Response> {
  const file = await ask(url)
  if (!file.ok) throw new Error(`${url} could not be fetched: ${file.status} ${file.statusText}`)
  return file
}

/** What scores all items for a history, one history after the other. */
async function scorer(
  { batch, shape, history: settings, inputs }: Exported,
  graph: ArrayBuffer,
): Promise<(history: History) => Promise<Float32Array>> {
  const session = await InferenceSession.create(graph, { executionProviders: ['wasm'] })
  const batches = batchesOf(batch)
  const buffers: InputBuffers = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape: sizes }]) => {
      return [name, dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)) : new Float32Array(sizeOf(sizes))]
    }),
  )
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape: sizes }]) => {
      return [name, new Tensor(dtype, buffers[name] as Float32Array, sizes)]
    }),
  )
  const turn = turns()
  return (history) =>
    turn(async () => {
      batches.fill([servedWindow(history, settings)], shape, buffers)
      const { scores } = await session.run(feeds)
      return scores?.data as Float32Array
    })
}
