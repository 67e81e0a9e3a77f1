import { readdirSync, readFileSync } from 'node:fs'
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
}

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
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
    }
  })
}

/** What a folder may import: `all` outright, `types` as types only. */
interface Rule {
  readonly all: readonly string[]
  readonly types: readonly string[]
}

/** The table of ARCHITECTURE.md, a row a folder. */
function table(): Map<string, Rule> {
  const rows = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(
    /^\|\s*`src\/(?<folder>[\w-]+)`\s*\|[^|]*\|(?<allowed>[^|]*)\|/gm,
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
const sources = filesOf('src').filter((file) => !file.endsWith('.test.ts'))
const arrows = sources.flatMap((file) => arrowsOf(file))
const inner = arrows.filter(
  ({ file, target }) => file !== 'src/index.ts' && target.startsWith('src/') && target !== 'src/errors.ts',
)
const rules = table()

function allowed({ file, target, typesOnly }: Arrow): boolean {
  const [from, to] = [folderOf(file), folderOf(target)]
  const { all, types } = rules.get(from) ?? { all: [], types: [] }
  return from === to || all.includes('everything') || all.includes(to) || (typesOnly && types.includes(to))
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

  it('reach outside the sources nowhere', () => {
    expect(
      arrows
        .filter(({ target }) => target.startsWith('..') || /^(test|bench|tools|examples)\//.test(target))
        .map(({ where }) => where),
    ).toEqual([])
  })
})

describe('the heavy packages', () => {
  it.each([
    ['onnxruntime-node', /^src\/runtime\/session\.ts$/],
    ['@duckdb/node-api', /^src\/storage\/duckdb\.ts$/],
    ['sharp', /^src\/(features|simulate)\//],
  ])('%s is imported in its one place', (name, place) => {
    const importers = arrows.filter(({ target }) => target === name || target.startsWith(`${name}/`))
    expect(importers.length).toBeGreaterThan(0)
    expect(importers.filter(({ file }) => !place.test(file)).map(({ where }) => where)).toEqual([])
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
  it('have at most 400 lines', () => {
    expect(files.filter((file) => linesOf(file) > 400).map((file) => `${file}: ${linesOf(file)} lines`)).toEqual([])
  })
  it('of the engine have fewer than 3,000 lines together', () => {
    const engine = sources.filter((file) => ['tensor', 'onnx'].includes(folderOf(file)))
    expect(engine.reduce((total, file) => total + linesOf(file), 0)).toBeLessThan(3000)
  })
})

describe('reading imports', () => {
  it('finds each form, over several lines too, and tells types from values', () => {
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
    expect(found.map(({ target, typesOnly }) => [target, typesOnly])).toEqual([
      ['src/nn/a.ts', true],
      ['src/nn/b.ts', true],
      ['src/nn/c.ts', false],
      ['src/models/d.ts', false],
      ['sharp', false],
      ['onnxruntime-node', false],
      ['node:fs', false],
    ])
    expect(found[2]!.where).toBe("src/models/file.ts:6: import { type D, e, } from '../nn/c.ts'")
  })

  it('would not let models import the runtime, or features more of data than its types', () => {
    const [runtime] = arrowsOf('src/models/sequential/sasrec.ts', "import { compile } from '../../runtime/session.ts'")
    const [types, values] = arrowsOf(
      'src/features/text.ts',
      "import type { Dataset } from '../dataset/schema.ts'\nimport { prepare } from '../prepare/prepare.ts'",
    )
    expect([runtime!, types!, values!].map(allowed)).toEqual([false, true, false])
  })
})
