/** @file Writes what an experiment without comparisons has: a page, its numbers and a plot. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../../storage/atomic.ts'
import type { Drawing } from './plot.ts'

/** What is written. */
export interface WrittenPage {
  readonly name: string
  readonly page: string
  readonly numbers: Readonly<Record<string, unknown>>
  readonly plot: Drawing
}

/** Writes NAME.json, NAME.md and NAME.svg into a folder. @returns their paths */
export async function writePageFiles(out: string, { name, page, numbers, plot }: WrittenPage): Promise<string[]> {
  // Loaded where it is needed: every other command would start the slower for it.
  const { drawPlot } = await import('./plot.ts')
  const texts = { json: `${JSON.stringify(numbers, null, 1)}\n`, md: page, svg: drawPlot(plot) }
  mkdirSync(out, { recursive: true })
  const files: string[] = []
  for (const [ending, text] of Object.entries(texts)) {
    const file = join(out, `${name}.${ending}`)
    await writeAtomically(file, text)
    files.push(file)
  }
  return files
}
