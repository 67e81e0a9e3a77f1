/** @file Writes what an experiment without comparisons has: a page with a table, its numbers and a plot. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../../storage/atomic.ts'
import type { AnyExperiment } from '../experiment.ts'
import type { Drawing } from './plot.ts'

/** What is written. */
export interface WrittenPage {
  readonly experiment: Pick<AnyExperiment, 'name' | 'title' | 'about'>
  /** How the figures came about; nothing by default. */
  readonly how?: string
  /** As Markdown. */
  readonly table: string
  /** What the JSON tells beside the experiment itself. */
  readonly numbers: Readonly<Record<string, unknown>>
  readonly plot: Drawing
}

/**
 * Writes NAME.json, NAME.md and NAME.svg into a folder.
 * @returns the page, and the paths of all files
 */
export async function writePageFiles(
  out: string,
  { experiment: { name, title, about }, how, table, numbers, plot }: WrittenPage,
): Promise<{ page: string; files: string[] }> {
  const command = `npx siftrec experiment ${name}`
  const made = `\`${command}\` makes this page, [its numbers](${name}.json) and the plot.`
  const parts = [`# ${title}`, about, made, ...(how === undefined ? [] : [how]), `![${title}](${name}.svg)`, table]
  const page = `${parts.join('\n\n')}\n`
  // Loaded where it is needed: every other command would start the slower for it.
  const { drawPlot } = await import('./plot.ts')
  const json = `${JSON.stringify({ name, title, about, command, ...numbers }, null, 1)}\n`
  mkdirSync(out, { recursive: true })
  const files: string[] = []
  for (const [ending, text] of Object.entries({ json, md: page, svg: drawPlot(plot) })) {
    const file = join(out, `${name}.${ending}`)
    await writeAtomically(file, text)
    files.push(file)
  }
  return { page, files }
}
