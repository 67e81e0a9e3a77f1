/**
 * @file `npm run -s bench -- steps [MODEL...]`: processor time of a training step of every model that has a form in
 * PyTorch, or of those named, over that form's. Both begin with the same parameters and take the same first step, whose
 * losses must agree; then they take turns. Writes `docs/results/steps.json` and `steps.md`.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TrainingData } from '../src/batches/kind.ts'
import { catalogShape } from '../src/models/contract/catalog.ts'
import type { Compute, ModelDefinition } from '../src/models/contract/model.ts'
import { parseOptions } from '../src/models/contract/options.ts'
import { modelOf, modelSlugs } from '../src/models/registry.ts'
import { buildGraph } from '../src/onnx/graph.ts'
import { vocabularyOf } from '../src/runs/built-model.ts'
import { nodeRuntime } from '../src/runtime/node.ts'
import { writeAtomically } from '../src/storage/atomic.ts'
import { clickData } from './click-data.ts'
import { type BenchResult, median, peerPython } from './result.ts'
import { sequenceData } from './sequence-data.ts'
import { trainingSteps } from './training-step.ts'

const page = { json: 'docs/results/steps.json', md: 'docs/results/steps.md' }
const peerScript = 'tools/torch_steps.py'
const clicks = { batch: 1024, length: 50, items: 7583, users: 25_000, vectors: 512, itemFields: [44, 6510] }
const nextItem = { batch: 64, length: 50, items: 7050, users: 320, categories: 20, image: 512, text: 512 }
const severalBehaviors = { ...nextItem, users: 2000, pairs: 1024, behaviors: { view: 0.7, cart: 0.15, buy: 0.15 } }
const [rounds, steps, threads] = [5, 3, 1]
/** Which part of the loss two programs may differ by: each adds up single precision in an order of its own. */
const tolerance = 1e-4
/** A random rotation is a constant of the model, and the peer draws its own: other events are found. */
const drawsItsOwn: readonly string[] = ['eta']

interface Row {
  readonly model: string
  /** Of a model that learns several things apart. */
  readonly objective?: string
  /** Milliseconds of processor time. */
  readonly ours: number
  readonly peer: number
}

/** The worst ratio of all models, kept rows among them. */
export async function timedSteps(): Promise<BenchResult> {
  const named = process.argv.slice(3)
  for (const slug of modelSlugs.filter((one) => hasForm(one) && (named.length === 0 || named.includes(one))))
    for (const objective of objectives[slug] ?? [undefined]) await keep(await measured(slug, objective))
  const rows = keptRows()
  const worst = rows.reduce((worst, row) => (ratio(row) > ratio(worst) ? row : worst))
  const unit = `ms of processor time, ${worst.model}, the worst of ${rows.length}`
  const settings = { clicks, nextItem, severalBehaviors, rounds, steps, threads, rows }
  return { name: 'steps', ours: worst.ours, peer: worst.peer, ratio: ratio(worst), unit, settings }
}

const ratio = ({ ours, peer }: Row): number => ours / peer
/** Models of the next item whose form is written; of clicks all are. */
const nextItemForms: readonly string[] = [
  'sasrec',
  'gru4rec',
  'bert4rec',
  'fdsa',
  'sasrecf',
  'sasrec-bf',
  'unisrec',
  'stosa',
  'mmmlp',
  'hm4sr',
  'missrec',
  'mmsbr',
  'iisan-last',
  'm3srec',
  'sgp4sr',
  'ssdrec',
  'cmclrec',
]
const severalBehaviorForms: readonly string[] = ['nmtr', 'dipn', 'mb-str', 'ebm', 'kmclr', 'sgdl']
/** What is measured of a model that learns several things apart: the objectives that take most of its time. */
const objectives: Readonly<Record<string, readonly string[]>> = {
  cmclrec: ['backbone'],
  kmclr: ['knowledge', 'behaviors'],
  sgdl: ['guide', 'weighed'],
}

const isOfClicks = (slug: string): boolean => modelOf(slug).task === 'clicks'
const isOf =
  (slugs: readonly string[]) =>
  (slug: string): boolean =>
    slugs.includes(slug)
const hasForm = (slug: string): boolean =>
  isOfClicks(slug) || nextItemForms.includes(slug) || severalBehaviorForms.includes(slug)

/** What a model is measured on. */
function measuredOn(slug: string): { readonly data: TrainingData; readonly batchSize: number } {
  if (isOfClicks(slug)) return { data: clickData({ ...clicks, samples: 4 * clicks.batch }), batchSize: clicks.batch }
  const sizes = severalBehaviorForms.includes(slug) ? severalBehaviors : nextItem
  const batchSize = (modelOf(slug) as ModelDefinition).rows === 'pairs' ? severalBehaviors.pairs : sizes.batch
  return { data: sequenceData(sizes), batchSize }
}

const nameOf = ({ model, objective }: Pick<Row, 'model' | 'objective'>): string =>
  objective ? `${model}: ${objective}` : model

async function measured(slug: string, objective?: string): Promise<Row> {
  const row = { model: slug, ...(objective && { objective }) }
  const definition = modelOf(slug) as ModelDefinition
  const { data, batchSize } = measuredOn(slug)
  const options = parseOptions(slug, definition.config, {})
  const compute: Compute = (outputs) => nodeRuntime({ threads })(buildGraph(outputs))
  const offline = await definition.offline?.make(options, { ...data, compute })
  const model = definition.build(options, catalogShape(data.dataset, vocabularyOf(data)), offline)
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-steps-'))
  try {
    const file = join(folder, `${slug}.safetensors`)
    await using ours = await trainingSteps({ slug, model, data, batchSize, threads, file, objective })
    await using peer = peerSteps([nameOf(row), file, JSON.stringify(options), '--threads', `${threads}`])
    const theirLoss = await peer.firstLoss
    const apart = Math.abs(theirLoss / ours.firstLoss - 1)
    if (!(apart < tolerance) && !drawsItsOwn.includes(slug))
      throw new Error(`${slug}: our first loss is ${ours.firstLoss}, the peer's ${theirLoss}`)
    const times: { ours: number; peer: number }[] = []
    for (let round = 0; round < rounds; round++)
      times.push({ ours: median(await ours.run(steps)), peer: median(await peer.run(steps)) })
    return { ...row, ours: median(times.map(({ ours }) => ours)), peer: median(times.map(({ peer }) => peer)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The same steps in PyTorch, by a process that reads how many to take and answers how long each took. */
function peerSteps(parts: readonly string[]) {
  const child = spawn(peerPython(), [peerScript, ...parts], { stdio: ['pipe', 'pipe', 'inherit'] })
  const over = new Promise((resolve) => child.once('close', resolve))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${peerScript} ${parts[0]} ended early`)
    return JSON.parse(value)
  }
  return {
    firstLoss: answer() as Promise<number>,
    async run(count: number): Promise<number[]> {
      child.stdin.write(`${count}\n`)
      return (await answer()) as number[]
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await over
    },
  }
}

const keptRows = (): readonly Row[] =>
  existsSync(page.json) ? (JSON.parse(readFileSync(page.json, 'utf8')) as { rows: Row[] }).rows : []

/** Writes the page with a row in place of an earlier one of the same model. */
async function keep(row: Row): Promise<void> {
  console.error(
    `${nameOf(row)}: ${row.ours.toFixed(1)} ms, PyTorch ${row.peer.toFixed(1)} ms, ${ratio(row).toFixed(2)}`,
  )
  const rows = [...keptRows().filter((one) => nameOf(one) !== nameOf(row)), row]
  const inOrder = modelSlugs.flatMap((slug) => rows.filter(({ model }) => model === slug))
  const table = (some: readonly Row[]): string => {
    const lines = some.map((one) => {
      const [ours, peer] = [one.ours, one.peer].map((value) => value.toFixed(1))
      return `| ${nameOf(one)} | ${ours} | ${peer} | ${ratio(one).toFixed(2)} |`
    })
    return ['| model | ours, ms | PyTorch, ms | ours / PyTorch |', '| --- | --- | --- | --- |', ...lines].join('\n')
  }
  const [ofClicks, ofItems, ofBehaviors] = [isOfClicks, isOf(nextItemForms), isOf(severalBehaviorForms)].map((isIn) =>
    table(inOrder.filter(({ model }) => isIn(model))),
  )
  const shares = Object.entries(severalBehaviors.behaviors)
    .map(([name, share]) => `${name} (${share})`)
    .join(', ')
  await writeAtomically(
    page.json,
    `${JSON.stringify({ clicks, nextItem, severalBehaviors, rounds, steps, threads, rows: inOrder }, null, 2)}\n`,
  )
  await writeAtomically(
    page.md,
    `# Training steps beside PyTorch's

\`npm run -s bench -- steps\` makes this page and [its rows](steps.json); \`npm run -s bench -- steps MODEL...\` measures some of them again.

A step is the whole: the batch written, forward, all losses, backward, Adam, on one thread. Figures are milliseconds of processor time, medians of ${rounds} rounds of ${steps}
steps each in which both take turns in one run. Every model has its defaults. Of a model with
several stages the last is measured; what is named after a model is what takes most of its time, where its steps are of several kinds.

PyTorch begins with the same parameters and takes the same first step; its loss agrees to ${tolerance}. Its forms
(\`tools/torch_*_forms.py\`) are whole batches in single precision, as one writes them: what hangs on an item alone is made once for the catalog where
ours is, and the rest as the papers print it.
Its noise is drawn in the step, ours comes from pools. ETA's rotation is drawn by each, so that of ETA losses are not compared. The machine did other work.

## Clicks

B ${clicks.batch} with full histories of ${clicks.length} events, ${clicks.items} items with two fields (${clicks.itemFields.join(' and ')} values), pictures and texts of ${clicks.vectors}, ${clicks.users} users.

${ofClicks}

## The next item

B ${nextItem.batch} windows of ${nextItem.length} events with a target after each (MMMLP, MISSRec and MMSBR: one target a window; the latter's
windows have 20 events, and no item has a price), ${nextItem.items} items with a field of
${nextItem.categories} values, pictures and texts of ${nextItem.text}.

${ofItems}

## Several behaviors

The same, with ${severalBehaviors.users} users, and events that are ${shares}. Pairs of users and
items come ${severalBehaviors.pairs} at a time.

${ofBehaviors}
`,
  )
}
