/** @file What docs say of a model that its code and references.bib know: its file, its paper, its options, its size. */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { markdownTable } from '../src/evaluate/printing.ts'
import { stagesOf } from '../src/learn/objectives.ts'
import { parametersOf } from '../src/learn/step.ts'
import type { Option } from '../src/models/contract/options.ts'
import { modelOf } from '../src/models/registry.ts'
import { sizeOf } from '../src/tensor/node.ts'
import { bareCatalog } from '../src/testing/bare-catalog.ts'

/** The file a model is defined in; it has the model's slug for a name. */
export function fileOf(slug: string): string {
  const files = readdirSync('src/models', { recursive: true, encoding: 'utf8' })
  const file = files.find((name) => basename(name) === `${slug}.ts`)
  if (!file) throw new Error(`no file in src/models is called ${slug}.ts`)
  return `src/models/${file}`
}

/**
 * `Kang and McAuley, *Self-Attentive Sequential Recommendation*, ICDM 2018`, of an entry of references.bib; `-` without
 * one.
 */
export function citationOf(bibliography: string, slug: string): string {
  const entry = bibliography.split(/^@/m).find((text) => text.includes(`{${slug},`))
  if (!entry) return '-'
  const field = (name: string): string =>
    plain(new RegExp(`^\\s*${name}\\s*=\\s*\\{(.*)\\},?$`, 'm').exec(entry)?.[1] ?? '')
  const names = field('author')
    .split(' and ')
    .map((name) => (name.includes(', ') ? name.split(', ')[0] : name.split(' ').at(-1)))
  const authors = names.length > 2 ? `${names[0]} et al.` : names.join(' and ')
  const venue = /International ACM SIGIR/.test(field('booktitle')) ? 'SIGIR' : field('booktitle')
  return `${authors}, *${field('title')}*, ${venue || field('journal') || field('howpublished')}, ${field('year')}`
}

/** A value of references.bib without braces. Accents are not needed: first names are not printed. */
const plain = (value: string): string => value.replace(/[{}]/g, '')

/** Options with what they are, their ranges and their defaults. */
export function optionsTable(options: readonly Option[]): string {
  return markdownTable(
    ['option', 'what it is', 'range', 'default'],
    options.map(({ name, description, range, default: fallback }) => [
      `\`${name}\``,
      description,
      range,
      fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``,
    ]),
  )
}

/** The catalog that models are measured on, and in words. */
const measured = bareCatalog({ itemCount: 10_000, fields: { category: 101 }, features: { image: 512, text: 512 } })
const inWords = '10,000 items that have pictures and texts of 512 numbers and one of 100 categories'

/** How many parameters a model has by default, and how many of them belong to single items. */
export function parameterCount(slug: string): string {
  const definition = modelOf(slug)
  if (!('build' in definition)) throw new Error(`${slug} has no parameters: it is fitted by counting`)
  const model = definition.build(definition.config.parse({}), measured)
  const parameters = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives))
  const count = (some: typeof parameters): string =>
    some.reduce((sum, { shape }) => sum + sizeOf(shape), 0).toLocaleString('en-US')
  const ofItems = parameters.filter(({ origin }) => origin.rows === 'items')
  return `${count(parameters)} by default, ${count(ofItems)} of them in rows of items, for ${inWords}`
}
