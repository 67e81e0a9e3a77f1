/** @file `npm run -s bench -- predict`: the ten best of 93,466 items for one user, from raw history to list. */
import type { Dataset, History } from '../src/data/schema.ts'
import { catalogShape } from '../src/models/frozen-inputs.ts'
import { sasrec } from '../src/models/sasrec/sasrec.ts'
import { randomStream } from '../src/random/stream.ts'
import { nextItemScorer } from '../src/ranking/scorer.ts'
import { topItems } from '../src/ranking/top-items.ts'
import { initialParameters } from '../src/train/parameters.ts'
import { parametersOf } from '../src/train/step.ts'
import type { BenchResult } from './result.ts'

const sizes = { items: 93_466, hiddenSize: 64, length: 50, requests: 1000, top: 10, threads: 1 }

/** A catalog of that many items and nothing else. */
function emptyDataset(): Dataset {
  const empty = new Int32Array(2)
  return {
    folder: 'bench',
    hash: '0'.repeat(64),
    manifest: { behaviors: ['click', 'favorite'], target: 'favorite' } as Dataset['manifest'],
    events: { user: empty, item: empty, behavior: new Uint8Array(2), time: new Float64Array(2), role: new Uint8Array(2), start: empty },
    userIds: ['', 'someone'],
    catalog: { ids: Array.from({ length: sizes.items + 1 }, String), titles: [], fields: {} },
    features: {},
  }
}

/**
 * The 99th percentile of single requests, each with another history. On one thread: a second one gains little on so small a product, and whenever it is
 * slow to wake a request waits for it, which took the percentile from 4 ms to 11.
 */
export async function predict(): Promise<BenchResult> {
  const dataset = emptyDataset()
  const { hiddenSize, length, requests, top, threads } = sizes
  const settings = { hiddenSize, maxLength: length, stride: length, layers: 2, heads: 2, dropout: 0, auxiliaryTargets: 1 }
  const model = sasrec.build(settings, catalogShape(dataset))
  const state = initialParameters(parametersOf(model, { rows: 1, length, targets: 1 }), 0)
  const parameters = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
  await using scorer = await nextItemScorer({ slug: 'sasrec', model, dataset, parameters, runtime: { threads } })
  const random = randomStream(0)
  const times: number[] = []
  for (let request = 0; request < requests + 20; request++) {
    const item = Int32Array.from({ length }, () => 1 + random.integer(sizes.items))
    const history: History = { user: 1, item, behavior: new Uint8Array(length), time: Float64Array.from(item.keys()) }
    const start = performance.now()
    const scores = await scorer.score([history])
    topItems(scores, top, new Set(item))
    if (request >= 20) times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const percentile = (share: number): number => times[Math.ceil(share * times.length) - 1] as number
  return { name: 'predict', ours: percentile(0.99), peer: null, ratio: null, unit: 'ms', settings: { ...sizes, p50: percentile(0.5), limit: 10 } }
}
