/**
 * @file `npm run -s bench -- mb-str-step`: processor time of our training step of MB-STR over the published form's in
 * PyTorch, alternating runs of one thread, with two behaviors and with four.
 */
import { execFileSync } from 'node:child_process'
import type { Window } from '../src/batches/windows.ts'
import { mbStr } from '../src/models/multi-behavior/mb-str/mb-str.ts'
import { randomStream } from '../src/random/stream.ts'
import { bareCatalog } from '../src/testing/bare-catalog.ts'
import { tinyDataset } from '../src/testing/tiny-dataset.ts'
import { type BenchResult, median, peerPython } from './result.ts'
import { windowSteps } from './window-steps.ts'

const sizes = { batch: 64, length: 50, hidden: 64, heads: 2, layers: 2, items: 9125, threads: 1 }
const peerScript = 'tools/torch_mb_str_step.py'
const [rounds, steps, masks] = [5, 4, 10]

/** Medians of five alternating rounds. */
export async function mbStrStep(): Promise<BenchResult> {
  const [two, four] = [await alternate(2), await alternate(4)]
  const settings = { ...sizes, rounds, steps, behaviors: 2, fourBehaviors: { ...four, ratio: four.ours / four.peer } }
  return { name: 'mb-str-step', ...two, ratio: two.ours / two.peer, unit: 'ms of processor time', settings }
}

async function alternate(behaviors: number): Promise<{ ours: number; peer: number }> {
  const [ours, peer]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    ours.push(median(await timeSteps(behaviors)))
    peer.push(peerStep(behaviors))
  }
  return { ours: median(ours), peer: median(peer) }
}

function peerStep(behaviors: number): number {
  const flags = Object.entries({ ...sizes, behaviors, masks, steps }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
  const out = execFileSync(peerPython(), [peerScript, ...flags], { encoding: 'utf8' })
  return (JSON.parse(out) as { median_ms: number }).median_ms
}

async function timeSteps(behaviors: number): Promise<number[]> {
  const { batch, length, hidden, heads, layers, items, threads } = sizes
  const names = Array.from({ length: behaviors }, (_, at) => `behavior${at}`)
  const catalog = { ...bareCatalog({ itemCount: items, userCount: batch }), behaviors: names }
  const options = { hiddenSize: hidden, maxLength: length, heads, layers, dropout: 0, lastShare: 0 }
  const random = randomStream(0)
  const item = (): number => 1 + random.integer(items)
  /** A place of its own for the item after a window's events. */
  const places = length - 1
  const windows: Window[] = Array.from({ length: batch }, (_, user) => ({
    history: {
      user,
      item: Int32Array.from({ length: places }, item),
      behavior: Uint8Array.from({ length: places }, () => random.integer(behaviors)),
      time: Float64Array.from({ length: places }, (_, at) => at),
    },
    targets: [{ item: item(), behavior: 0, prefix: places, weight: 1 }],
  }))
  const times = await windowSteps({
    model: mbStr.build(mbStr.config.parse(options), catalog),
    shape: { rows: batch, length: places, targets: batch },
    windows,
    data: { dataset: tinyDataset({ events: [[1, 1, 'click', 0]] }), split: noSplit },
    steps,
    threads,
  })
  return times.map(({ processor }) => processor)
}

/** Windows are made here, from no events. */
const noSplit = {
  protocol: 'given' as const,
  trainEnd: new Int32Array(),
  validation: new Int32Array(),
  test: new Int32Array(),
}
