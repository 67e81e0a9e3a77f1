import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** One import, or export from elsewhere, of a source file. */
interface Arrow {
  /** The file and line, as printed when the arrow is not allowed. */
  readonly where: string
  readonly file: string
  readonly target: string
  /** Nothing but types is imported: erased when it runs. */
  readonly typesOnly: boolean
  /** Imported when it is needed. */
  readonly late: boolean
}

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
const isOfNode = (target: string): boolean => target.startsWith('node:') || builtinModules.includes(target)
const linesOf = (file: string): number => readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length

const statement =
  /^(?:import|export)\s(?<clause>[^'"`;]*?)\bfrom\s*'(?<from>[^']+)'|^import\s*'(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm

/** The imports of a file's text; those of our own files by their path from the root. */
function arrowsOf(file: string, text = readFileSync(join(root, file), 'utf8')): Arrow[] {
  return Array.from(text.matchAll(statement), ({ index, 0: whole, groups }) => {
    const { clause = '', from, bare, dynamic } = groups as Record<string, string | undefined>
    const target = (from ?? bare ?? dynamic) as string
    const line = text.slice(0, index + whole.length).split('\n').length
    const names = /^\{(.*)\}\s*$/s
      .exec(clause.trim())?.[1]
      ?.split(',')
      .filter((name) => name.trim() !== '')
    return {
      where: `${file}:${line}: ${whole.replaceAll(/\s+/g, ' ')}`,
      file,
      target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
      typesOnly: clause.startsWith('type ') || (names?.every((name) => name.trim().startsWith('type ')) ?? false),
      late: dynamic !== undefined,
    }
  })
}

/** What a folder may import: `all` outright, `types` as types only. */
interface Rule {
  readonly all: readonly string[]
  readonly types: readonly string[]
}

/**
 * The tables of ARCHITECTURE.md: a row a folder, and a row a room, which is named with its folder:
 * `experiment/figures`.
 */
function table(): Map<string, Rule> {
  const rows = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(
    /^\|\s*`src\/(?<folder>[\w/-]+)`\s*\|[^|]*\|(?<allowed>[^|]*)\|/gm,
  )
  return new Map(
    Array.from(rows, ({ groups }) => {
      const { folder, allowed } = groups as { folder: string; allowed: string }
      const names = allowed.split(',').map((name) => name.trim())
      const types = names.filter((name) => name.endsWith('(types)')).map((name) => name.replace(/\s*\(types\)$/, ''))
      return [folder, { all: names, types }]
    }),
  )
}

const folderOf = (path: string): string => path.split('/')[1] as string
/** The room of a file, if its folder has rooms: `experiment/figures`. */
const roomOf = (path: string): string | undefined =>
  [...rules.keys()].find((room) => room.includes('/') && path.startsWith(`src/${room}/`))
const sources = filesOf('src').filter((file) => !file.endsWith('.test.ts'))
const arrows = sources.flatMap((file) => arrowsOf(file))
const inner = arrows.filter(
  ({ file, target }) => file !== 'src/index.ts' && target.startsWith('src/') && target !== 'src/errors.ts',
)
const rules = table()

function allowed(arrow: Arrow): boolean {
  const [from, to] = [folderOf(arrow.file), folderOf(arrow.target)]
  return from === to ? allowedInside(arrow) : permits(rules.get(from), to, arrow)
}

/** From one room into another of the same folder. A file beside the rooms may be imported by all, and import all. */
function allowedInside(arrow: Arrow): boolean {
  const [from, to] = [roomOf(arrow.file), roomOf(arrow.target)]
  if (from === undefined || to === undefined || from === to) return true
  return permits(rules.get(from), to.split('/').at(-1) as string, arrow)
}

function permits(rule: Rule | undefined, target: string, { typesOnly }: Arrow): boolean {
  const { all, types } = rule ?? { all: [], types: [] }
  return all.includes('everything') || all.includes(target) || (typesOnly && types.includes(target))
}

/**
 * The circles of files, types included: each group of files that can reach each other, the file names sorted.
 * @param arrows of which both ends are files of ours
 */
function fileCircles(arrows: readonly Arrow[]): string[][] {
  const after = new Map<string, string[]>()
  for (const { file, target } of arrows) after.set(file, [...(after.get(file) ?? []), target])
  const reachable = (start: string): Set<string> => {
    const found = new Set<string>()
    const open = [start]
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      for (const target of after.get(file) ?? []) {
        if (!found.has(target)) open.push(target)
        found.add(target)
      }
    }
    return found
  }
  const reach = new Map([...after.keys()].map((file) => [file, reachable(file)]))
  const inCircle = [...reach].filter(([file, targets]) => targets.has(file)).map(([file]) => file)
  const circles = inCircle.map((file) =>
    inCircle.filter((other) => reach.get(file)?.has(other) && reach.get(other)?.has(file)).sort(),
  )
  return [...new Set(circles.map((files) => files.join(' ')))].sort().map((files) => files.split(' '))
}

describe('the folders', () => {
  it('import only what ARCHITECTURE.md allows', () => {
    expect(rules.size).toBeGreaterThan(10)
    expect(inner.length).toBeGreaterThan(100)
    expect(inner.filter((arrow) => !allowed(arrow)).map(({ where }) => where)).toEqual([])
  })

  it('are all in its table', () => {
    const folders = new Set(sources.filter((file) => file.split('/').length > 2).map(folderOf))
    expect([...folders].filter((folder) => !rules.has(folder))).toEqual([])
    // A folder with one room in the table has all of them there.
    const withRooms = new Set([...rules.keys()].filter((name) => name.includes('/')).map((name) => name.split('/')[0]))
    const rooms = new Set(
      sources
        .filter((file) => withRooms.has(folderOf(file)) && file.split('/').length > 3)
        .map((file) => file.split('/').slice(1, -1).join('/')),
    )
    expect([...rooms].sort()).toEqual([...rules.keys()].filter((name) => name.includes('/')).sort())
  })

  it('form no circle', () => {
    const after = new Map<string, Set<string>>()
    for (const { file, target, typesOnly } of inner) {
      const [from, to] = [folderOf(file), folderOf(target)]
      if (from !== to && !typesOnly) after.set(from, (after.get(from) ?? new Set()).add(to))
    }
    const circles: string[] = []
    const walk = (path: readonly string[]): void => {
      for (const next of after.get(path.at(-1) as string) ?? []) {
        if (path.includes(next)) circles.push([...path, next].join(' -> '))
        else walk([...path, next])
      }
    }
    for (const folder of after.keys()) walk([folder])
    expect(circles).toEqual([])
  })

  it('for a browser import no module of Node', () => {
    const portable = ['rank', 'models', 'batches', 'nn', 'tensor', 'onnx', 'client']
    const found = arrows.filter(({ file, target }) => portable.includes(folderOf(file)) && isOfNode(target))
    expect(found.map(({ where }) => where)).toEqual([])
    const bundled = ['src/browser/recommend.ts', ...reached('src/browser/recommend.ts', false)]
    expect(bundled).toContain('src/batches/sequences.ts')
    expect(
      arrows.filter(({ file, target, typesOnly }) => bundled.includes(file) && !typesOnly && isOfNode(target)),
    ).toEqual([])
  })

  it('reach outside the sources nowhere', () => {
    expect(
      arrows
        .filter(({ target }) => target.startsWith('..') || /^(test|bench|tools|examples)\//.test(target))
        .map(({ where }) => where),
    ).toEqual([])
  })
})

/** The files that a file imports, and theirs in turn; as they run, or with types too. */
function reached(file: string, typesToo: boolean): Set<string> {
  const found = new Set<string>()
  const walk = (from: string): void => {
    for (const { target, typesOnly } of arrowsByFile.get(from) ?? []) {
      if ((typesOnly && !typesToo) || found.has(target)) continue
      found.add(target)
      walk(target)
    }
  }
  walk(file)
  return found
}
const arrowsByFile = new Map(sources.map((file) => [file, arrows.filter((arrow) => arrow.file === file)]))

describe('the engine', () => {
  const outside = arrows.filter(({ file }) => folderOf(file) !== 'tensor')

  it('alone makes operations: no other folder names an operator of ONNX', () => {
    const makers = outside.filter(({ target }) => target === 'src/tensor/operation.ts')
    expect(makers.map(({ where }) => where)).toEqual([])
  })

  it('makes inputs and parameters only where their methods are installed', () => {
    // So whoever holds a tensor, of any module, can call them.
    expect(reached('src/tensor/node.ts', false)).toContain('src/tensor/methods.ts')
    const leaves = /\b(?:input|parameter)\b(?=.* from '.*\/operation\.ts')/
    const makers = arrows.filter(({ file, where }) => file !== 'src/tensor/node.ts' && leaves.test(where))
    expect(makers.map(({ where }) => where)).toEqual([])
  })
})

describe('the files of the sources', () => {
  it('form no circle, types included', () => {
    const circles = fileCircles(arrows.filter(({ target }) => target.startsWith('src/')))
    expect(circles).toEqual([])
  })
})

describe('the heavy packages', () => {
  it.each([
    ['onnxruntime-node', /^src\/runtime\/node\.ts$/],
    ['onnxruntime-web', /^src\/browser\/recommend\.ts$/],
    ['@duckdb/node-api', /^src\/storage\/duckdb\.ts$/],
    ['sharp', /^src\/(features|simulate)\//],
    ['@huggingface/tokenizers', /^src\/features\/clip\/tokens\.ts$/],
    ['@energetic-ai', /^src\/features\/sentence\.ts$/],
    ['umap-js', /^src\/map\/map-layout\.ts$/],
    ['usearch', /^src\/catalog-index\/usearch\.ts$/],
    ['lmdb', /^src\/store\/lmdb\.ts$/],
    ['ioredis', /^src\/(storage|store)\/redis\.ts$/],
    ['bullmq', /^src\/jobs\/queue(-worker)?\.ts$/],
    ['postgres', /^src\/storage\/postgres\.ts$/],
    ['@aws-sdk/client-s3', /^src\/storage\/s3\.ts$/],
  ])('%s is imported in its one place', (name, place) => {
    const importers = arrows.filter(({ target }) => target === name || target.startsWith(`${name}/`))
    expect(importers.length).toBeGreaterThan(0)
    expect(importers.filter(({ file }) => !place.test(file)).map(({ where }) => where)).toEqual([])
  })

  it('are not loaded before a command needs them: help and refusals are quick', () => {
    // Each command is loaded late, and helped with or refused once it is.
    const commands = filesOf('src/cli/commands').filter((file) => !file.endsWith('.test.ts'))
    const loaded = new Set(['src/cli/main.ts', ...commands])
    for (const file of loaded) {
      for (const arrow of arrows) if (arrow.file === file && !arrow.typesOnly && !arrow.late) loaded.add(arrow.target)
    }
    expect([...loaded]).toContain('src/models/registry.ts')
    expect(
      [...loaded].filter((target) =>
        /^(onnxruntime-node|@duckdb|@huggingface|@energetic-ai|sharp|echarts|@?hono|pino|prom-client|lmdb|ioredis|bullmq|postgres|usearch|@aws-sdk)/.test(
          target,
        ),
      ),
    ).toEqual([])
  })
})

describe('the files', () => {
  const files = ['src', 'test', 'bench', 'tools', 'examples'].flatMap(filesOf)

  it('are named for what they hold', () => {
    const vague = /(^|[/.-])(utils?|helpers?|common|base|types|misc|managers?)([/.-]|$)/
    expect(files.filter((file) => vague.test(file))).toEqual([])
  })
  it('are lower-case and hyphenated', () => {
    expect(files.filter((file) => !/^([a-z0-9-]+\/)+[a-z0-9.-]+$/.test(file))).toEqual([])
  })
  it('have no comment wider than 120 columns', () => {
    const wide = files.flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, at) => (line.length > 120 && /^\s*(\/\/|\/\*\*|\*)/.test(line) ? [`${file}:${at + 1}`] : [])),
    )
    expect(wide).toEqual([])
  })
  it('have at most 400 lines', () => {
    expect(files.filter((file) => linesOf(file) > 400).map((file) => `${file}: ${linesOf(file)} lines`)).toEqual([])
  })
  it('of the engine have fewer than 3,000 lines together', () => {
    const engine = sources.filter((file) => ['tensor', 'onnx'].includes(folderOf(file)))
    expect(engine.reduce((total, file) => total + linesOf(file), 0)).toBeLessThan(3000)
  })
})

describe('reading imports', () => {
  it('finds each form, over several lines too, and tells types from values and late from early', () => {
    const text = [
      "import type { A } from '../nn/a.ts'",
      "import { type B, type C } from '../nn/b.ts'",
      'import {',
      '  type D,',
      '  e,',
      "} from '../nn/c.ts'",
      "export { f } from './d.ts'",
      "import 'sharp'",
      "const g = await import('onnxruntime-node')",
      "import * as h from 'node:fs'",
    ].join('\n')
    const found = arrowsOf('src/models/file.ts', text)
    expect(found.map(({ target, typesOnly, late }) => [target, typesOnly, late])).toEqual([
      ['src/nn/a.ts', true, false],
      ['src/nn/b.ts', true, false],
      ['src/nn/c.ts', false, false],
      ['src/models/d.ts', false, false],
      ['sharp', false, false],
      ['onnxruntime-node', false, true],
      ['node:fs', false, false],
    ])
    expect(found[2]!.where).toBe("src/models/file.ts:6: import { type D, e, } from '../nn/c.ts'")
  })

  it('would not let models import the runtime, or features more of data than its types', () => {
    const [runtime] = arrowsOf('src/models/sequential/sasrec.ts', "import { compile } from '../../runtime/node.ts'")
    const [types, values] = arrowsOf(
      'src/features/text.ts',
      "import type { Dataset } from '../dataset/schema.ts'\nimport { prepare } from '../prepare/prepare.ts'",
    )
    expect([runtime!, types!, values!].map(allowed)).toEqual([false, true, false])
  })

  it('sees rooms, and folders with a hyphen in their name', () => {
    const [back, forth, beside] = arrowsOf(
      'src/experiment/figures/tables.ts',
      "import { a } from '../harness/grid.ts'\nimport { b } from './plot.ts'\nimport { c } from '../terms.ts'",
    )
    const [down] = arrowsOf('src/experiment/harness/grid.ts', "import { a } from '../figures/results.ts'")
    expect([back!, forth!, beside!, down!].map(allowed)).toEqual([false, true, true, true])
    const [deep] = arrowsOf('src/two-words/one-room/file.ts', "import { a } from '../../three-more-words/file.ts'")
    expect([folderOf(deep!.file), folderOf(deep!.target)]).toEqual(['two-words', 'three-more-words'])
    expect(allowed(deep!)).toBe(false)
  })

  it('finds a circle of files through types, and no circle in a diamond', () => {
    const circleOf = (files: Readonly<Record<string, string>>): string[][] =>
      fileCircles(Object.entries(files).flatMap(([file, text]) => arrowsOf(file, text)))
    const diamond = {
      'src/a.ts': "import { b } from './b.ts'\nimport { c } from './c.ts'",
      'src/b.ts': "import { d } from './d.ts'",
      'src/c.ts': "import { d } from './d.ts'",
    }
    expect(circleOf(diamond)).toEqual([])
    expect(circleOf({ ...diamond, 'src/d.ts': "import type { B } from './b.ts'" })).toEqual([['src/b.ts', 'src/d.ts']])
  })
})
