/**
 * @file `npm run -s bench -- memory [COMMAND...] [MODEL...]`: for every command and model, or those named, the peak
 * told before the work starts beside the peak measured at its end. Writes `docs/results/memory.json` and `memory.md`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelOf, modelSlugs } from '../src/models/registry.ts'
import { writeAtomically } from '../src/storage/atomic.ts'
import { inProcess } from './in-process.ts'
import { memoryShop } from './memory-data.ts'
import type { Measured } from './memory-run.ts'
import type { BenchResult } from './result.ts'

const page = { json: 'docs/results/memory.json', md: 'docs/results/memory.md' }
/** How far an estimate may be from what is measured, as a share of it. */
const limit = 0.25
const commands = ['train', 'evaluate', 'recommend'] as const

interface Row extends Measured {
  readonly model: string
  readonly command: (typeof commands)[number]
}

/** The estimate that is farthest from its measurement. Each work has a process of its own, one after the other. */
export async function memory(): Promise<BenchResult> {
  const named = process.argv.slice(3)
  const chosen = <Name extends string>(all: readonly Name[]): readonly Name[] => {
    const some = all.filter((name) => named.includes(name))
    return some.length > 0 ? some : all
  }
  const folder = join(tmpdir(), 'siftrec-memory')
  const data = await inProcess<string>('memory-data.ts', [join(folder, 'shop')])
  for (const model of chosen(modelSlugs)) {
    for (const command of chosen(commands)) {
      if (command === 'recommend' && modelOf(model).task === 'clicks') continue
      const measured = await inProcess<Measured>('memory-run.ts', [command, data, model, join(folder, 'runs')])
      await keep({ model, command, ...measured })
    }
  }
  const rows = keptRows()
  const worst = rows.reduce((worst, row) => (distance(row) > distance(worst) ? row : worst))
  return {
    name: 'memory',
    ours: worst.told,
    peer: worst.measured,
    ratio: worst.told / worst.measured,
    unit: `MB told and measured, ${worst.command} of ${worst.model}, the farthest of ${rows.length}`,
    settings: { ...memoryShop, limit },
  }
}

const keptRows = (): readonly Row[] =>
  existsSync(page.json) ? (JSON.parse(readFileSync(page.json, 'utf8')) as { rows: Row[] }).rows : []

/** Writes the page with a row in place of an earlier one of the same work. */
async function keep(row: Row): Promise<void> {
  console.error(`${row.command} ${row.model}: ${Math.round(row.told)} MB told, ${Math.round(row.measured)} MB measured`)
  const others = keptRows().filter(({ model, command }) => model !== row.model || command !== row.command)
  const rows = [...others, row]
  await write(
    modelSlugs.flatMap((slug) =>
      commands.flatMap((name) => rows.filter(({ model, command }) => model === slug && command === name)),
    ),
  )
}

const distance = ({ told, measured }: Row): number => Math.abs(told / measured - 1)

async function write(rows: readonly Row[]): Promise<void> {
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
  const lines = rows.map(
    ({ model, command, told, measured }) =>
      `| ${model} | ${command} | ${whole(told)} | ${whole(measured)} | ${(told / measured).toFixed(2)} |`,
  )
  const outside = rows.filter((row) => distance(row) > limit).length
  const { events, users, items, text, image } = memoryShop
  await writeAtomically(page.json, `${JSON.stringify({ shop: memoryShop, rows }, null, 2)}\n`)
  await writeAtomically(
    page.md,
    `# The memory told and measured

\`npm run -s bench -- memory\` makes this page and [its rows](memory.json); \`npm run -s bench -- memory COMMAND... MODEL...\` measures some of them again.

The made-up shop has ${whole(events)} events of ${whole(users)} users on ${whole(items)} items, texts of ${text} and pictures of ${image} numbers. Every model has its
defaults, on two threads, but SGP4SR batches of 32. An estimate is what a command prints before its work. The measurement is the largest resident memory of a process of its own.
A training has one epoch of two batches of every length, a validation and a checkpoint. Recommendations are for one user.

${outside} of ${rows.length} estimates are more than ${100 * limit} % from the measurement.

| model | command | estimated, MB | measured, MB | estimated / measured |
| --- | --- | --- | --- | --- |
${lines.join('\n')}
`,
  )
}
