import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Package {
  version: string
  bin: Record<string, string>
  exports: Record<string, { types: string; default: string }>
  files: string[]
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}
const described = JSON.parse(readFileSync('package.json', 'utf8')) as Package
const built = mkdtempSync(join(tmpdir(), 'siftrec-package-'))

beforeAll(() => {
  execFileSync(process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.build.json',
    // Types are checked by lint.
    '--noCheck',
    '--outDir',
    join(built, 'dist'),
  ])
  // What was built finds its dependencies and the package's own name as an installed package would.
  symlinkSync(resolve('node_modules'), join(built, 'node_modules'))
  symlinkSync(resolve('package.json'), join(built, 'package.json'))
  symlinkSync(resolve('bin'), join(built, 'bin'))
})
afterAll(() => rmSync(built, { recursive: true, force: true }))

/** The installed packages, with onnxruntime-node but not its binary, or with another file in its place. */
function withoutBinary(modules: string, binary: string | undefined): void {
  mkdirSync(modules)
  for (const name of readdirSync('node_modules').filter((name) => name !== 'onnxruntime-node'))
    symlinkSync(resolve('node_modules', name), join(modules, name))
  const installed = resolve('node_modules/onnxruntime-node')
  const copy = join(modules, 'onnxruntime-node')
  for (const part of ['package.json', 'dist']) cpSync(join(installed, part), join(copy, part), { recursive: true })
  if (binary === undefined) return
  const folder = join(copy, 'bin/napi-v6', process.platform, process.arch)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'onnxruntime_binding.node'), binary)
}

describe('the package', () => {
  it('has every file it exports, with types', () => {
    const files = Object.values(described.exports).flatMap(({ types, default: code }) => [types, code])
    expect(files.filter((file) => !existsSync(join(built, file)))).toEqual([])
  })

  it('runs no install script that downloads what nothing uses, whether npm reads allowScripts or not', () => {
    expect(described.allowScripts['onnxruntime-node']).toBe(false)
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^onnxruntime-node-install=skip$/m)
  })

  it('has no peer dependencies: npm 10, which comes with Node 20 and 22, fails on those of an optional vitest', () => {
    expect(described).not.toHaveProperty('peerDependencies')
  })

  it('can be imported from plain JavaScript', () => {
    const code =
      "const all = [await import('./dist/index.js'), await import('./dist/tensor/index.js'), await import('./dist/metrics/index.js')]"
    const told = `${code}; console.log(JSON.stringify(all.map((module) => Object.keys(module))))`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', told], {
      cwd: built,
      encoding: 'utf8',
    })
    const [main, tensor, metrics] = JSON.parse(printed) as string[][]
    expect(main).toEqual(
      expect.arrayContaining([
        'prepareDataset',
        'loadDataset',
        'trainRun',
        'openRun',
        'evaluate',
        'recommend',
        'openService',
        'openStore',
        'UserError',
      ]),
    )
    expect(tensor).toEqual(expect.arrayContaining(['matmul', 'gradients']))
    expect(metrics).toEqual(expect.arrayContaining(['ndcg', 'auc']))
  })

  it('serves a run from plain JavaScript, as docs/serving.md shows it', () => {
    const genres = ['Drama', 'Comedy']
    const events = Array.from({ length: 60 }, (_, at) => `${at % 12},${(at * 5 + (at % 12)) % 9},click,${1000 + at}`)
    const titles = Array.from({ length: 9 }, (_, item) => `${item},Film ${item},${genres[item % 2]}`)
    writeFileSync(join(built, 'events.csv'), `user,item,behavior,timestamp\n${events.join('\n')}\n`)
    writeFileSync(join(built, 'items.csv'), `id,title,genre\n${titles.join('\n')}\n`)
    const [, asShown] = /## In a program.*?```js\n(.*?)```/s.exec(readFileSync('docs/serving.md', 'utf8')) ?? []
    const program = `import { loadDataset, prepareDataset, trainRun } from 'siftrec'
const mapping = { behaviors: ['click'], items: { fields: { genre: 'genre' } } }
await prepareDataset({ events: 'events.csv', items: 'items.csv', mapping, out: 'data' })
await trainRun({ model: 'item-knn', dataset: await loadDataset('data'), out: 'runs/movies' })
${asShown}
await service[Symbol.asyncDispose]()
await store[Symbol.asyncDispose]()
`
    writeFileSync(join(built, 'program.mjs'), program)
    const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: built, encoding: 'utf8' })
    expect(printed).toMatch(/^\[\s+'Film [02468] [\d.]+'/)
    expect(printed).not.toMatch(/Film [1357]/)
  })

  it('has no syntax that Node 20 does not know', () => {
    const files = readdirSync(join(built, 'dist'), { recursive: true, encoding: 'utf8' })
    const using = files.filter(
      (name) => name.endsWith('.js') && /^\s*(await )?using \w/m.test(readFileSync(join(built, 'dist', name), 'utf8')),
    )
    expect(using).toEqual([])
  })

  it.each([
    ['missing', undefined, /^onnxruntime-node: missing: its binary for .*ONNXRUNTIME_NODE_INSTALL=skip/],
    ['broken', 'no binary', /^onnxruntime-node: unsupported: .*\bglibc\b/],
  ])('says in a sentence that the binary of onnxruntime is %s', (_, binary, told) => {
    const home = mkdtempSync(join(built, 'without-'))
    symlinkSync(join(built, 'dist'), join(home, 'dist'))
    withoutBinary(join(home, 'node_modules'), binary)
    const code =
      "const { compile } = await import('./dist/runtime/node.js'); await compile({}).catch(({ message }) => console.log(message))"
    const args = ['--preserve-symlinks', '--input-type=module', '-e', code]
    expect(execFileSync(process.execPath, args, { cwd: home, encoding: 'utf8' })).toMatch(told)
  })

  it('runs as a command', () => {
    const help = execFileSync(process.execPath, [join(built, 'dist/cli/main.js'), '--help'], { encoding: 'utf8' })
    for (const command of ['prepare', 'train', 'evaluate', 'recommend', 'similar', 'simulate', 'demo', 'models'])
      expect(help).toContain(command)
    const [bin = ''] = Object.values(described.bin)
    expect(readFileSync(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(statSync(bin).mode & 0o111).toBeGreaterThan(0)
  })

  it('says its version', () => {
    const told = execFileSync(process.execPath, [join(built, 'dist/cli/main.js'), '--version'], { encoding: 'utf8' })
    expect(told.trim()).toBe(described.version)
  })

  it('pins every dependency, and its lockfile has every platform', () => {
    const loose = Object.entries({ ...described.dependencies, ...described.devDependencies }).filter(
      ([, version]) => !/^\d/.test(version),
    )
    expect(loose).toEqual([])
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const missing = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
      Object.entries(optionalDependencies).flatMap(([name, version]) =>
        /^\d/.test(version) && !(`node_modules/${name}` in packages) && !(`${owner}/node_modules/${name}` in packages)
          ? [name]
          : [],
      ),
    )
    // If not, run npx tsx tools/complete-lockfile.ts.
    expect(missing).toEqual([])
  })

  it('runs in CI exactly what the README says', () => {
    expect(statSync('.ci/run').mode & 0o111).toBeGreaterThan(0)
    expect(readFileSync('.ci/run', 'utf8')).toMatch(/^npm ci && npm test$/m)
    expect(readFileSync('README.md', 'utf8')).toMatch(/^npm ci && npm test\b/m)
  })
})
