/**
 * @file Bundles the compiled command line, so that a start reads a few files in place of hundreds: `npm run build` lays
 * it where `bin/siftrec.js` finds it.
 */
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'vite'

/** Packages of a hundred files, of which a start needs few: zod's have a file for each language. */
const manyFiles = ['zod', 'yaml', '@bufbuild/protobuf', '@duckdb/node-api']

/** Writes `command/main.js` and what it loads later. @param out the folder of compiled sources */
export async function bundleCommand(out: string): Promise<void> {
  const outDir = resolve(out, 'command')
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [placesKept(outDir)],
    ssr: { noExternal: manyFiles },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      license: { fileName: 'LICENSES.md' },
      rolldownOptions: {
        input: { main: resolve(out, 'cli/main.js') },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  })
}

/** A file that looks for others beside itself finds them from the bundle too. */
const placesKept = (outDir: string): Plugin => ({
  name: 'places-kept',
  transform: (code, id) =>
    id.includes('node_modules')
      ? null
      : code.replaceAll('import.meta.url', `new URL(${JSON.stringify(relative(outDir, id))}, import.meta.url).href`),
})

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundleCommand('dist')
