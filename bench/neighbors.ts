/** @file `npm run -s bench -- neighbors`: the 25 nearest of each of 93,466 items by their 512-wide vectors, exactly. */
import type { FeatureTable } from '../src/dataset/schema.ts'
import { nearestByCosine } from '../src/models/parts/nearest-by-cosine.ts'
import { buildGraph } from '../src/onnx/graph.ts'
import { randomStream } from '../src/random/stream.ts'
import { compile } from '../src/runtime/node.ts'
import type { BenchResult } from './result.ts'

const sizes = { items: 93_466, width: 512, top: 25, threads: 2 }

/** One vector an item, drawn uniformly. */
function generated(): FeatureTable {
  const { items, width } = sizes
  const random = randomStream(0)
  const vectors = Float32Array.from({ length: (items + 1) * width }, () => random.uniform() - 0.5)
  return { width, vectors, present: new Uint8Array(items + 1).fill(1, 1) }
}

/** Seconds of one search, and the peak memory of the process, its vectors included. */
export async function neighbors(): Promise<BenchResult> {
  const table = generated()
  const start = performance.now()
  await nearestByCosine(table, sizes.top, (outputs) => compile(buildGraph(outputs), { threads: sizes.threads }))
  const seconds = (performance.now() - start) / 1000
  const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6
  return {
    name: 'neighbors',
    ours: seconds,
    peer: null,
    ratio: null,
    unit: 's',
    settings: { ...sizes, limit: 300, peakMb, limitMb: 4000 },
  }
}
