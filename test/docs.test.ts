import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { clickTrainingConfig } from '../src/learn/config.ts'
import { optionsOf } from '../src/models/contract/options.ts'
import { modelOf, modelSlugs } from '../src/models/registry.ts'
import { splitConfig } from '../src/runs/split-config.ts'
import { isTrained, modelsPage, withGeneratedBlocks } from './generated-docs.ts'
import { cardHeadings, cards, slugOf } from './model-cards.ts'
import { paperResultsPage } from './paper-results.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...readdirSync('docs').map((name) => `docs/${name}`),
  'docs/results/README.md',
  ...cards,
].filter((page) => page.endsWith('.md'))
const textOf = (page: string): string => readFileSync(page, 'utf8')
/** The fenced blocks of a page in one language ('' for none). */
const blocksOf = (page: string, language: string): string[] =>
  [...textOf(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, found, body]) =>
    found === language ? [body as string] : [],
  )

/** The text of all code and docs, by file. */
const sources = [
  ...readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name}`),
  ...pages.filter((page) => page.startsWith('docs/')),
]

describe('the docs', () => {
  it('list every model and option as the schemas have them', async () => {
    await expect(modelsPage()).toMatchFileSnapshot('../docs/models.md')
  })

  it('list every table and figure of the papers, with our command and what is in docs/results', async () => {
    await expect(paperResultsPage()).toMatchFileSnapshot('../docs/results/README.md')
  })

  it.each(pages)('%s has its generated blocks as the code and the results have them', async (page) => {
    await expect(withGeneratedBlocks(page)).toMatchFileSnapshot(`../${page}`)
  })

  it('say what each rule is that code or docs cite', () => {
    const rules = textOf('docs/papers.md')
    const anchors = [...rules.matchAll(/<a id="(r-[msd]\d+)"><\/a>/g)].map(([, anchor]) => anchor as string)
    expect(anchors).toEqual([...new Set(anchors)])
    const cited = sources.flatMap((file) =>
      [...textOf(file).matchAll(/\bR-[MSD]\d+\b/g)].map(([rule]) => ({ file, rule })),
    )
    expect(cited.filter(({ rule }) => !anchors.includes(rule.toLowerCase()))).toEqual([])
  })

  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...textOf(page).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
      .map(([, target]) => target as string)
      .filter((target) => !target.includes('://'))
    const missing = links.filter((target) => !existsSync(join(dirname(page), target)))
    expect(missing).toEqual([])
  })

  it.each(cards)('%s is the card of a model: its facts, its options, and the same headings as the others', (page) => {
    const text = textOf(page)
    expect(text.startsWith(`# ${modelOf(slugOf(page)).title}\n`)).toBe(true)
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(cardHeadings)
    const blocks = [...text.matchAll(/^<!-- generated: (\S+) -->$/gm)].map(([, name]) => name)
    expect(blocks).toEqual(expect.arrayContaining(['model-card', 'model-options']))
  })

  it('cite every model, and have its options told apart in the help', () => {
    const bibliography = readFileSync('references.bib', 'utf8')
    const cited = modelSlugs.filter((slug) => bibliography.includes(`{${slug},`))
    expect(cited).toEqual(modelSlugs.filter((slug) => !['popularity', 'last-item'].includes(slug)))
    for (const slug of modelSlugs) {
      const schemas = isTrained(slug)
        ? [modelOf(slug).config, clickTrainingConfig, splitConfig]
        : [modelOf(slug).config, splitConfig]
      const names = schemas.flatMap((schema) => optionsOf(schema).map(({ name }) => name))
      expect(names).toEqual([...new Set(names)])
    }
  })

  it('have a README of fewer than 150 lines, its example in examples/', () => {
    expect(textOf('README.md').split('\n').length).toBeLessThan(150)
    const example = readFileSync('examples/shop.ts', 'utf8')
    const blocks = blocksOf('README.md', 'ts')
    expect(blocks.length).toBeGreaterThan(0)
    for (const block of blocks) expect(example).toContain(block)
    for (const block of blocksOf('docs/engine.md', 'ts').slice(0, 1))
      expect(readFileSync('examples/engine.ts', 'utf8')).toContain(block)
  })

  it.each(pages)('%s shows only commands and flags that exist', (page) => {
    const lines = ['', 'sh'].flatMap((language) => blocksOf(page, language)).flatMap((block) => block.split('\n'))
    const commands = lines.flatMap((line) => /^(?:npx )?siftrec (.*?)(?: +#.*)?$/.exec(line)?.[1] ?? [])
    expect(commands.flatMap(unknownParts)).toEqual([])
  })
})

const program: Command = await createProgram()

/** The words of a command line that the program does not know. */
function unknownParts(told: string): string[] {
  let command = program
  const unknown: string[] = []
  for (const [at, word] of told.split(/\s+/).entries()) {
    const next = command.commands.find((known) => known.name() === word)
    if (next) command = next
    else if (at === 0) unknown.push(word)
    else if (word.startsWith('--') && !command.options.some(({ long }) => long === word)) unknown.push(word)
  }
  return unknown
}
