/** @file `npm run -s bench -- loss-steps`: a training step of SASRec by each loss over a catalog of 100,000 items. */
import type { TrainingData } from '../src/batches/kind.ts'
import { catalogLosses } from '../src/learn/catalog-losses.ts'
import { sasrec } from '../src/models/sequential/sasrec.ts'
import { bareCatalog } from '../src/testing/bare-catalog.ts'
import { lastTwo } from '../src/testing/ranking/candidate.ts'
import { type TinyEvent, tinyDataset } from '../src/testing/tiny-dataset.ts'
import { kinds } from './losses.ts'
import { type BenchResult, median } from './result.ts'
import { randomWindows, windowSteps } from './window-steps.ts'

const sizes = { batch: 64, length: 40, items: 100_000, hidden: 64, layers: 2, heads: 2, threads: 2 }
const steps = 3

/** Milliseconds of the processor, all threads together, and by the clock: medians of three steps. */
export async function lossSteps(): Promise<BenchResult> {
  const { batch, length, items, hidden, layers, heads, threads } = sizes
  const config = { ...sasrec.config.parse({ hiddenSize: hidden, maxLength: length, layers, heads }), dropout: 0 }
  const events = Array.from({ length: 100 }, (_, at): TinyEvent => [1, 1 + at, 'click', at])
  const dataset = tinyDataset({ events, items })
  const data: TrainingData = { dataset, split: lastTwo(dataset) }
  const windows = randomWindows({ batch, length, items, lastOnly: false })
  const shape = { rows: batch, length, targets: batch * length }
  const found: Record<string, { processor: number; wall: number }> = {}
  for (const [kind, { options }] of Object.entries(kinds)) {
    const model = sasrec.build(config, bareCatalog({ itemCount: items, userCount: batch }))
    const times = await windowSteps({ model, shape, windows, losses: catalogLosses(options, data), steps, threads })
    found[kind] = {
      processor: median(times.map(({ processor }) => processor)),
      wall: median(times.map(({ wall }) => wall)),
    }
    console.error(kind, found[kind])
  }
  const [ours, full] = ['mixed', 'full'].map((kind) => found[kind]?.processor) as [number, number]
  return {
    name: 'loss-steps',
    ours,
    peer: full,
    ratio: ours / full,
    unit: 'ms of the processor',
    settings: { ...sizes, steps, found },
  }
}
