/**
 * @file Bundles the module that exported folders hold, with the code that fills batches: `npm run build` lays it where
 * `export-run` finds it.
 */
import { copyFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

/** Writes `recommend.js` and `recommend.d.ts`. @param out the folder of compiled sources */
export async function bundleBrowser(out: string): Promise<void> {
  const outDir = resolve(out, 'browser/bundle')
  const runtime = 'onnxruntime-web/wasm'
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      lib: { entry: 'src/browser/recommend.ts', formats: ['es'], fileName: () => 'recommend.js' },
      rolldownOptions: { external: [runtime], output: { paths: { [runtime]: './ort.wasm.min.mjs' } } },
    },
  })
  copyFileSync('src/browser/recommend-module.ts', join(outDir, 'recommend.d.ts'))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundleBrowser('dist')
