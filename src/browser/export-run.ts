/** @file Writes a trained run as a folder that any static server can serve: the model ranks in the browser. */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Bug, UserError } from '../errors.ts'
import { popularScores } from '../rank/empty-histories.ts'
import type { OpenRun } from '../runs/open-run.ts'
import { buildFolder } from '../storage/folders.ts'
import { demoPage } from './demo-page.ts'
import { type Exported, type ExportedCatalog, exportedFiles } from './exported.ts'

/** A file of the folder. */
export interface ExportedFile {
  readonly name: string
  readonly bytes: number
}

/** What `npm run build` lays beside this file: the module with all it imports, and its types. */
const built = fileURLToPath(new URL('bundle', import.meta.url))
const moduleFiles = ['recommend.js', 'recommend.d.ts']
/** What the module loads of onnxruntime-web, which it finds beside itself: no request leaves the host. */
const runtimeFiles = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']

/**
 * Writes a run's model, catalog and the module that ranks with them; the folder is whole, or as it was.
 * @returns its files
 * @throws UserError `unsupported` for a model of clicks or one that counts, `duplicate` for a folder of something else,
 * `invalid` when it cannot be written
 */
export async function exportRun(run: OpenRun, folder: string): Promise<readonly ExportedFile[]> {
  const exported = await exportedOf(run)
  return buildFolder(
    folder,
    () => refuseOthers(folder),
    async (building) => {
      const written = {
        [exportedFiles.graph]: exported.graph,
        [exportedFiles.model]: JSON.stringify(exported.model, null, 2),
        [exportedFiles.catalog]: JSON.stringify(exported.catalog),
        'index.html': demoPage(exported.model),
      }
      for (const [name, content] of Object.entries(written)) writeFileSync(join(building, name), content)
      for (const name of moduleFiles) copyFileSync(join(built, name), join(building, name))
      const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'))
      for (const name of runtimeFiles) copyFileSync(join(runtime, name), join(building, name))
      return [...Object.keys(written), ...moduleFiles, ...runtimeFiles].map((name) => {
        return { name, bytes: statSync(join(building, name)).size }
      })
    },
  )
}

/** A run in the terms of the files. */
async function exportedOf(run: OpenRun): Promise<{ graph: Uint8Array; model: Exported; catalog: ExportedCatalog }> {
  const { graph, shape, history, recipe } = await run.baked()
  if (!existsSync(join(built, 'recommend.js'))) throw new Bug('the module for browsers was not built: npm run build')
  const { name, behaviors, target, candidates } = run.dataset.manifest
  if (!recipe) {
    const value = `${run.run.model} reads a batch that has no recipe`
    throw new UserError({ where: run.folder, problem: 'unsupported', value, expected: 'batches and extras of ours' })
  }
  const { ids, titles } = run.dataset.catalog
  const model: Exported = {
    format: 'siftrec-export',
    version: 1,
    model: run.run.model,
    dataset: name,
    manifest: { behaviors, target, candidates },
    history: { maxLength: history.maxLength, mergeBehaviors: history.mergeBehaviors },
    batch: recipe,
    shape,
    inputs: Object.fromEntries([...graph.inputs].map(([input, { dtype, shape }]) => [input, { dtype, shape }])),
  }
  const popularity = [...popularScores(run.dataset, run.split).subarray(1)]
  return { graph: graph.bytes, model, catalog: { ids: ids.slice(1), titles: titles.slice(1), popularity } }
}

/** @throws UserError `duplicate` for a folder that holds something other than an export */
function refuseOthers(folder: string): void {
  const path = join(folder, exportedFiles.model)
  if (existsSync(path) && readFileSync(path, 'utf8').includes('"format": "siftrec-export"')) return
  const hint = 'choose another folder'
  throw new UserError({ where: folder, problem: 'duplicate', value: 'a folder of something else', hint })
}
