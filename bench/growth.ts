/**
 * @file `npm run -s bench -- growth [page]`: what preparing, a training step, an epoch, reading a dataset and a list
 * take of the processor, at four sizes in events and at four in items, and how they grow. The logs are made as those of
 * `kuaishou` are. Writes `docs/results/growth.json`, `growth.md` and `growth.svg`; with `page`, of the rows that are
 * kept there.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { linearRegression } from 'simple-statistics'
import { drawPlot, type Panel } from '../src/experiment/figures/plot.ts'
import { writeAtomically } from '../src/storage/atomic.ts'
import type { SizeTook } from './growth-run.ts'
import { inProcess } from './in-process.ts'
import type { LogSizes } from './kuaishou-data.ts'
import type { BenchResult } from './result.ts'

const page = { json: 'docs/results/growth.json', md: 'docs/results/growth.md', svg: 'docs/results/growth.svg' }
const tastes = 30
/** As many as Kuaishou's users have on average. */
const eventsPerUser = 257
const sizesOf = (events: number, items: number): LogSizes => ({
  users: Math.round(events / eventsPerUser),
  items,
  events,
  tastes,
})
/** What grows, and at which sizes. */
const axes = {
  events: [250_000, 500_000, 1_000_000, 2_000_000].map((events) => sizesOf(events, 50_000)),
  items: [25_000, 50_000, 100_000, 200_000].map((items) => sizesOf(500_000, items)),
}
type Axis = keyof typeof axes
type Row = LogSizes & SizeTook
type Rows = Readonly<Record<Axis, readonly Row[]>>

/** So many items the softmax has in one piece; the pieces of more are computed once more for the gradient. */
const onePiece = 32_768

/** A figure of a size, what the page calls it, and how many digits it shows. */
interface Figure {
  readonly name: string
  readonly of: (row: Row) => number
  readonly digits: number
  /** From which size on its slope is taken; all sizes by default. */
  readonly from?: number
}
const step = (name: string, of: (row: Row) => number): Figure => ({ name: `${name}, ms`, of, digits: 0 })
const epoch = (name: string, of: (row: Row) => number): Figure => ({
  name: `an epoch of ${name}, s`,
  of: (row) => (row.steps * of(row)) / 1e3,
  digits: 1,
})
const prepare: Figure = { name: 'preparing, s', of: (row) => row.prepare, digits: 2 }
const figures: Readonly<Record<Axis, readonly Figure[]>> = {
  events: [
    prepare,
    { name: 'reading a dataset, s', of: ({ load }) => load, digits: 2 },
    epoch('SASRec', ({ sasrec }) => sasrec),
    epoch('M³BSR', ({ m3bsr }) => m3bsr),
  ],
  items: [
    prepare,
    step('a step of SASRec', ({ sasrec }) => sasrec),
    { ...step('a step of SASRec, softmax over all items', ({ softmax }) => softmax), from: onePiece },
    step('a step of M³BSR', ({ m3bsr }) => m3bsr),
    { name: 'a list by SASRec, ms', of: ({ list }) => list, digits: 2 },
  ],
}
/** Linear growth is 1; measures on a busy machine spread about it. */
const limit = 1.1

/** The steepest slope of all. */
export async function growth(): Promise<BenchResult> {
  const rows = process.argv[3] === 'page' ? keptRows() : await measured()
  await writePage(rows)
  const all = (Object.keys(axes) as Axis[]).flatMap((axis) =>
    figures[axis].map((figure) => ({ axis, name: figure.name, slope: slopeOf(rows[axis], axis, figure) })),
  )
  const steepest = all.reduce((most, one) => (one.slope > most.slope ? one : most))
  const unit = `slope of ${steepest.name} in ${steepest.axis}, both as logarithms; the steepest of ${all.length}`
  const settings = { limit, slopes: all }
  return { name: 'growth', ours: steepest.slope, peer: null, ratio: steepest.slope / limit, unit, settings }
}

const keptRows = () => JSON.parse(readFileSync(page.json, 'utf8')) as Rows

async function measured(): Promise<Rows> {
  const rows: Record<Axis, Row[]> = { events: [], items: [] }
  for (const axis of Object.keys(axes) as Axis[]) {
    for (const sizes of axes[axis]) {
      const folder = mkdtempSync(join(tmpdir(), 'siftrec-growth-'))
      try {
        const took = await inProcess<SizeTook>('growth-run.ts', [folder, JSON.stringify(sizes)])
        rows[axis].push({ ...sizes, ...took })
        console.error(JSON.stringify(rows[axis].at(-1)))
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
  }
  return rows
}

/** The power of the size that a figure grows by: the least-squares line through both logarithms. */
function slopeOf(rows: readonly Row[], axis: Axis, { of, from = 0 }: Figure): number {
  const large = rows.filter((row) => row[axis] >= from)
  return linearRegression(large.map((row) => [Math.log(row[axis]), Math.log(of(row))])).m
}

const shortNames = ['preparing', 'reading', 'softmax', 'list', 'SASRec', 'M³BSR']

/** Each figure beside its own at the smallest size. */
function panelOf(rows: readonly Row[], axis: Axis): Panel {
  const [first] = rows as [Row, ...Row[]]
  const thousands = axis === 'items'
  const x = (row: Row): number => row[axis] / (thousands ? 1e3 : 1e6)
  const series = figures[axis].map(({ name, of }) => ({
    // Both panels have one line of names.
    name: shortNames.find((short) => name.includes(short)) ?? name,
    points: rows.map((row) => ({ x: x(row), mean: of(row) / of(first) })),
  }))
  const linear = { name: 'linear', points: rows.map((row) => ({ x: x(row), mean: row[axis] / first[axis] })) }
  const title = thousands ? '0.5 M events' : '50,000 items'
  return {
    title,
    x: thousands ? 'items, thousands' : 'events, millions',
    y: 'times the smallest',
    series: [...series, linear],
  }
}

function table(rows: readonly Row[], axis: Axis): string {
  const lines = figures[axis].map((figure) => {
    const cells = rows.map((row) => figure.of(row).toFixed(figure.digits))
    return `| ${[figure.name, ...cells, slopeOf(rows, axis, figure).toFixed(2)].join(' | ')} |`
  })
  const header = [axis, ...rows.map((row) => row[axis].toLocaleString('en-US')), 'slope']
  return [`| ${header.join(' | ')} |`, `|${' --- |'.repeat(header.length)}`, ...lines].join('\n')
}

/** The sizes that are not among the rows, as a sentence. */
function missing(rows: Rows): string {
  const left = (Object.keys(axes) as Axis[]).flatMap((axis) =>
    axes[axis]
      .filter((sizes) => !rows[axis].some((row) => row[axis] === sizes[axis]))
      .map((sizes) => `${sizes[axis].toLocaleString('en-US')} ${axis}`),
  )
  return left.length === 0 ? '' : `\n\n**Still to be measured:** ${left.join(', ')}. The run was stopped before.`
}

async function writePage(rows: Rows): Promise<void> {
  const panels = (Object.keys(axes) as Axis[]).map((axis) => panelOf(rows[axis], axis))
  await writeAtomically(page.svg, drawPlot({ title: 'Cost beside the size', panels }))
  await writeAtomically(page.json, `${JSON.stringify({ eventsPerUser, tastes, ...rows }, null, 2)}\n`)
  await writeAtomically(
    page.md,
    `# How cost grows with events and items

\`npm run -s bench -- growth\` makes this page, [its rows](growth.json) and its plot.

All figures are time of the processor, on one thread. A slope is the power of the size that a figure grows by, by least squares: 1 is linear, 0 is no growth.
Each size has a process of its own and a log made as that of [\`kuaishou\`](../scale.md#kuaishous-size), with ${eventsPerUser} events a user. The whole log is prepared and
read; trained on are the last 50 events of each user, so that an epoch has steps by the users. A batch has 64 windows. The loss is that of 2,048 drawn items
unless the softmax over all items is named. An epoch is its number of steps times the mean of some.

![cost beside the size](growth.svg)

## Events

${table(rows.events, 'events')}

## Items

${table(rows.items, 'items')}

The softmax over all items is in one piece up to ${onePiece.toLocaleString('en-US')} items. Beyond, it is in pieces of so many, so that memory does not grow with the catalog, and
each piece is computed once more for the gradient. So its slope is taken from 50,000 items on.${missing(rows)}
`,
  )
}
