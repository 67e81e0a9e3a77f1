/**
 * @file `npm run -s bench -- din-step`: our training step of DIN over the peer's, alternating runs on the same threads.
 */
import { execFileSync } from 'node:child_process'
import { din } from '../src/models/clicks/din.ts'
import { catalogShape } from '../src/models/contract/catalog.ts'
import { clickData } from './click-data.ts'
import { clickSteps } from './click-steps.ts'
import { type BenchResult, median, peerPython } from './result.ts'

const sizes = {
  batch: 1024,
  length: 50,
  width: 64,
  attention: 64,
  hidden: 128,
  items: 100_000,
  users: 10_000,
  threads: 2,
}
const peerScript = 'tools/torch_din_step.py'
const [rounds, steps] = [5, 8]
/** The faster of each choice that the peer's script has; its first layer as it is usually written comes beside it. */
const fastest = { unit: 'split', tables: 'dense' }
const printed = { unit: 'printed', tables: 'dense' }

/** Medians of five alternating rounds. */
export async function dinStep(): Promise<BenchResult> {
  const [ours, peer, peerPrinted]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    ours.push(median(await timeSteps()))
    peer.push(peerStep(fastest))
    peerPrinted.push(peerStep(printed))
  }
  const [our, their, usual] = [median(ours), median(peer), median(peerPrinted)]
  const settings = { ...sizes, rounds, steps, ...fastest, printed: { peer: usual, ratio: our / usual } }
  return { name: 'din-step', ours: our, peer: their, ratio: our / their, unit: 'ms', settings }
}

function peerStep(variant: Readonly<Record<string, string>>): number {
  const flags = Object.entries({ ...sizes, ...variant, steps }).flatMap(([name, value]) => [`--${name}`, String(value)])
  return (JSON.parse(execFileSync(peerPython(), [peerScript, ...flags], { encoding: 'utf8' })) as { median_ms: number })
    .median_ms
}

function timeSteps(): Promise<number[]> {
  const data = clickData({ items: sizes.items, users: sizes.users, length: sizes.length, samples: 4 * sizes.batch })
  const options = {
    embeddingSize: sizes.width,
    attentionSize: sizes.attention,
    hiddenSize: sizes.hidden,
    maxLength: sizes.length,
  }
  const model = din.build(din.config.parse(options), catalogShape(data.dataset, data.samples.vocabulary))
  return clickSteps({ ...data, model, batchSize: sizes.batch, steps, threads: sizes.threads })
}
