/** @file Runs an experiment that times models: a few epochs of each, then single predictions, one after the other. */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { median } from 'simple-statistics'
import { mergeBehaviors } from '../../dataset/event-columns.ts'
import { historyOf } from '../../dataset/histories.ts'
import { loadDataset } from '../../dataset/load.ts'
import type { Dataset, History } from '../../dataset/schema.ts'
import { markdownTable } from '../../evaluate/printing.ts'
import { type OpenRun, openRun } from '../../runs/open-run.ts'
import { trainRun } from '../../runs/train-run.ts'
import type { Timed, TimingExperiment, Variant } from '../experiment.ts'
import { writePageFiles } from '../figures/page-files.ts'
import type { Drawing } from '../figures/plot.ts'
import { preparedDataset } from './dataset-recipe.ts'
import type { RunPlace } from './run-statistics.ts'

/** What a model took; its epochs are those after the first, which compiles. */
interface Took {
  readonly variant: string
  readonly epochSeconds: number
  readonly predictionSeconds: number
  /** Of the processor, which other work changes less. */
  readonly epochProcessor: number
  readonly predictionProcessor: number
  /** The least and the most of those epochs, since a machine may have other work. */
  readonly epochRange: readonly [number, number]
}

/** Times the models of an experiment and writes NAME.json, NAME.md and NAME.svg. */
export async function runTiming(
  { name, title, about, timed }: TimingExperiment,
  { dataRoot, out, runs = join('runs', 'experiments'), say }: RunPlace,
): Promise<{ page: string; files: string[] }> {
  const wanted = timed({ dataRoot })
  const { folder } = await preparedDataset(wanted.dataset.recipe(1), join(runs, 'data'), say)
  const dataset = await loadDataset(folder)
  const took: Took[] = []
  for (const variant of wanted.variants) {
    say(`timing ${variant.name}`)
    took.push(await timeVariant(variant, wanted, { dataset, out: join(runs, name, variant.model) }))
  }
  const machine = machineText()
  const date = new Date().toISOString().slice(0, 10)
  const { epochs, predictions, threads, batchSize, candidates } = wanted
  const items = dataset.catalog.ids.length - 1
  const answer =
    candidates === undefined ? `scores all ${items} items` : `says how probable clicks on ${candidates} candidates are`
  const how = `Measured on ${date}, on ${machine}. Batches of ${batchSize}, ${threads} threads. An epoch is the median of ${epochs - 1} after a first one, without validation. A prediction is the median of ${predictions}: it reads one user's whole history and ${answer}. Other work on the machine makes both longer, and what they take of the processor less so; another run has other figures.`
  const table = markdownTable(
    ['model', 'seconds an epoch', 'least and most', 'of the processor', 'seconds a prediction', 'of the processor'],
    took.map(({ variant, epochSeconds, epochRange, predictionSeconds, epochProcessor, predictionProcessor }) => [
      variant,
      epochSeconds.toFixed(1),
      epochRange.map((seconds) => seconds.toFixed(1)).join(', '),
      epochProcessor.toFixed(1),
      predictionSeconds.toFixed(4),
      predictionProcessor.toFixed(4),
    ]),
  )
  const numbers = { machine, date, findings: took.map(withFewDigits) }
  return writePageFiles(out, { experiment: { name, title, about }, how, table, numbers, plot: plotOf(title, took) })
}

async function timeVariant(
  { name, model, config = {}, training = {} }: Variant,
  { split, epochs, predictions, threads, batchSize, candidates }: Timed,
  { dataset, out }: { readonly dataset: Dataset; readonly out: string },
): Promise<Took> {
  const [seconds, processor]: [number[], number[]] = [[], []]
  let counted = processorSeconds()
  await trainRun({
    model,
    dataset,
    out,
    config,
    training: { ...training, epochs, patience: epochs, threads, batchSize },
    split,
    asGiven: true,
    overwrite: true,
    report: (event) => {
      if (event.kind !== 'epoch') return
      seconds.push(event.seconds)
      processor.push(processorSeconds() - counted)
      counted = processorSeconds()
    },
  })
  await using run = await openRun(out, { dataset })
  const predict = predictionOf(run, candidates)
  const one = async (at: number): Promise<number> => {
    const history = historyOf(run.dataset.events, 1 + (at % (run.dataset.userIds.length - 1)))
    const began = performance.now()
    await predict(history)
    return (performance.now() - began) / 1e3
  }
  // The first history of each length compiles a graph: nobody counts those.
  for (let at = 0; at < predictions; at++) await one(at)
  const each: number[] = []
  counted = processorSeconds()
  for (let at = 0; at < predictions; at++) each.push(await one(at))
  const predictionProcessor = (processorSeconds() - counted) / predictions
  const later = seconds.slice(1)
  return {
    variant: name,
    epochSeconds: median(later),
    epochRange: [Math.min(...later), Math.max(...later)],
    epochProcessor: median(processor.slice(1)),
    predictionSeconds: median(each),
    predictionProcessor,
  }
}

/** What this process has taken of the processor, in seconds. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** What one prediction is. */
function predictionOf(run: OpenRun, candidates: number | undefined): (history: History) => Promise<unknown> {
  if (candidates === undefined) return (history) => run.scorer.score([history])
  const items = Int32Array.from({ length: candidates }, (_, at) => 1 + (at % (run.dataset.catalog.ids.length - 1)))
  return (history) => run.predictor.candidates(mergeBehaviors(history), items)
}

function machineText(): string {
  const all = cpus()
  return `${all.length} cores of ${all[0]?.model.trim() ?? 'an unknown processor'}, Node ${process.versions.node}`
}

const fewDigits = (value: number): number => Number(value.toPrecision(4))

const withFewDigits = ({ variant, epochRange, ...seconds }: Took): unknown => ({
  variant,
  epochRange: epochRange.map(fewDigits),
  ...Object.fromEntries(Object.entries(seconds).map(([name, value]) => [name, fewDigits(value)])),
})

function plotOf(title: string, took: readonly Took[]): Drawing {
  const panel = (of: string, figure: 'epochSeconds' | 'predictionSeconds') => ({
    title: `Seconds ${of}`,
    x: 'model',
    y: 'seconds',
    series: [{ name: 'seconds', points: took.map((one) => ({ x: one.variant, mean: one[figure] })) }],
  })
  return { title, panels: [panel('an epoch', 'epochSeconds'), panel('a prediction', 'predictionSeconds')] }
}
