/**
 * @file `npm run -s bench -- candidates`: 1,000 candidates for one user, scored by Diff-MSIN on DIN with its default
 * widths.
 */
import { catalogShape } from '../src/models/contract/catalog.ts'
import { diffMsin } from '../src/models/diff-msin/diff-msin.ts'
import { clickData } from './click-data.ts'
import { candidateTimes } from './click-steps.ts'
import { type BenchResult, median, percentile } from './result.ts'

const sizes = {
  candidates: 1000,
  items: 20_000,
  users: 100,
  length: 50,
  vectors: 512,
  requests: 100,
  threads: 2,
  limit: 100,
}

/** The median of single requests, each with another history and other candidates, and that of their processor time. */
export async function candidates(): Promise<BenchResult> {
  const { items, users, length, vectors, limit } = sizes
  const data = clickData({ items, users, length, samples: 1000, itemFields: [200], vectors })
  const model = diffMsin.build(diffMsin.config.parse({}), catalogShape(data.dataset, data.samples.vocabulary))
  const { wall, processor } = await candidateTimes({ ...sizes, ...data, model })
  const settings = { ...sizes, p99: percentile(wall, 0.99), processorMs: median(processor), paper: 360 }
  return { name: 'candidates', ours: median(wall), peer: null, ratio: median(wall) / limit, unit: 'ms', settings }
}
