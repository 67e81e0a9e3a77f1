/** @file `npm run -s bench -- candidates`: 1,000 candidates for one user, scored by Diff-MSIN on DIN with its default widths. */
import { clickShape } from '../src/models/click-frozen.ts'
import { diffMsin } from '../src/models/diff-msin/diff-msin.ts'
import { randomStream } from '../src/random/stream.ts'
import { clickPredictor } from '../src/ranking/click-predictor.ts'
import { clickParameters } from '../src/train/click-task.ts'
import { initialParameters } from '../src/train/parameters.ts'
import { clickData } from './click-data.ts'
import { type BenchResult, median } from './result.ts'

const sizes = { candidates: 1000, items: 20_000, users: 100, length: 50, vectors: 512, requests: 100, threads: 2, limit: 100 }

/** The median of single requests, each with another history and other candidates. */
export async function candidates(): Promise<BenchResult> {
  const { candidates: count, items, users, length, vectors, requests, threads, limit } = sizes
  const { dataset, samples } = clickData({ items, users, length, samples: 1000, itemFields: [200], vectors })
  const model = diffMsin.build(diffMsin.config.parse({}), clickShape(dataset, samples.vocabulary))
  const state = initialParameters(clickParameters(model), 0)
  const parameters = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
  await using predictor = clickPredictor({ model, dataset, samples, parameters, runtime: { threads } })
  const random = randomStream(1)
  const drawn = (size: number): Int32Array => Int32Array.from({ length: size }, () => 1 + random.integer(items))
  const times: number[] = []
  for (let request = 0; request < requests + 5; request++) {
    const history = { user: 1 + random.integer(users), item: drawn(length), behavior: new Uint8Array(length) }
    const asked = drawn(count)
    const start = performance.now()
    await predictor.candidates(history, asked)
    if (request >= 5) times.push(performance.now() - start)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const settings = { ...sizes, p99: sorted[Math.ceil(0.99 * sorted.length) - 1], paper: 360 }
  return { name: 'candidates', ours: median(times), peer: null, ratio: median(times) / limit, unit: 'ms', settings }
}
