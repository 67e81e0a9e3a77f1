/**
 * @file The fidelity cards, `docs/models/SLUG.md`: what of a model is as published, what is not, and what nobody could
 * check. Facts and options come from the code; the rest is written by hand under the same headings in each.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { markdownTable } from '../src/evaluate/printing.ts'
import { optionsOf } from '../src/models/contract/options.ts'
import { modelOf } from '../src/models/registry.ts'
import { citationOf, fileOf, optionsTable, parameterCount } from './model-facts.ts'

const folder = 'docs/models'
/** The pages of all cards. */
export const cards: readonly string[] = readdirSync(folder).map((name) => `${folder}/${name}`)
/** What each card has, in this order. */
export const cardHeadings = [
  'As published',
  'What differs and why',
  'What could not be checked',
  'Settings and figures',
] as const

/** The card of a model, where it has one. */
export function cardOf(slug: string): string | undefined {
  const page = `${folder}/${slug}.md`
  return existsSync(page) ? page : undefined
}
/** The model that a card is of. */
export const slugOf = (page: string): string => basename(page, '.md')

/** The generated blocks of a card, by name. */
export const cardBlocks: Readonly<Record<string, (page: string) => string>> = {
  /** What a reader looks up first. */
  'model-card': (page) => {
    const slug = slugOf(page)
    const model = modelOf(slug)
    const file = fileOf(slug)
    const { reducedForm = 'the published model, whole', withoutContent } = 'build' in model ? model : {}
    const rows = [
      ['model', `${model.title}, \`${slug}\``],
      ['paper', citationOf(readFileSync('references.bib', 'utf8'), slug)],
      ['equations and departures', `[${basename(file)}](${relative(dirname(page), file)})`],
      ['form', reducedForm],
      ...(withoutContent ? [['without pictures and texts', withoutContent]] : []),
      ['parameters', parameterCount(slug)],
    ]
    return markdownTable(['', ''], rows)
  },

  /** The model's own options. */
  'model-options': (page) => optionsTable(optionsOf(modelOf(slugOf(page)).config)),
}
