/** @file `npm run -s bench -- step`: our SASRec training step over the peer's, alternating runs on the same threads. */
import { execFileSync } from 'node:child_process'
import type { BatchShape } from '../src/batches/kind.ts'
import { sasrec } from '../src/models/sequential/sasrec.ts'
import { bareCatalog } from '../src/testing/bare-catalog.ts'
import { type BenchResult, median, peerPython } from './result.ts'
import { randomWindows, windowSteps } from './window-steps.ts'

const sizes = { batch: 256, length: 50, hidden: 64, heads: 2, layers: 2, items: 7052, threads: 2 }
const peerScript = '../shared/peers/torch_step.py'
const rounds = 5

type Positions = 'last' | 'all'

/** Medians of five alternating rounds, for the loss on the last position and on all positions. */
export async function step(): Promise<BenchResult> {
  const last = await alternate('last')
  const all = await alternate('all')
  return {
    name: 'step',
    ours: last.ours,
    peer: last.peer,
    ratio: last.ours / last.peer,
    unit: 'ms',
    settings: { ...sizes, rounds, positions: 'last', allPositions: { ...all, ratio: all.ours / all.peer } },
  }
}

async function alternate(positions: Positions): Promise<{ ours: number; peer: number }> {
  const [ours, peer]: [number[], number[]] = [[], []]
  const count = positions === 'last' ? 15 : 5
  for (let round = 0; round < rounds; round++) {
    ours.push(median(await timeSteps(positions, count)))
    peer.push(peerStep(positions, count))
  }
  return { ours: median(ours), peer: median(peer) }
}

function peerStep(positions: Positions, count: number): number {
  const flags = Object.entries({ ...sizes, steps: count, positions }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
  const out = execFileSync(peerPython(), [peerScript, ...flags], { encoding: 'utf8' })
  return (JSON.parse(out) as { median_ms: number }).median_ms
}

/** Milliseconds of each of `count` steps, forward, backward and Adam. */
async function timeSteps(positions: Positions, count: number): Promise<number[]> {
  const { batch, length, hidden, heads, layers, items } = sizes
  const catalog = bareCatalog({ itemCount: items - 1, userCount: batch })
  const config = {
    hiddenSize: hidden,
    maxLength: length,
    stride: length,
    layers,
    heads,
    dropout: 0,
    auxiliaryTargets: 1,
    positions: 'start' as const,
  }
  const model = sasrec.build(config, catalog)
  const lastOnly = positions === 'last'
  const shape: BatchShape = { rows: batch, length, targets: lastOnly ? batch : batch * length, lastOnly }
  const windows = randomWindows({ batch, length, items: items - 1, lastOnly })
  const times = await windowSteps({ model, shape, windows, steps: count, threads: sizes.threads })
  return times.map(({ wall }) => wall)
}
