/**
 * @file `npm run -s bench -- m3bsr-step`: processor time of our training step of M³BSR over that of the same in
 * PyTorch, alternating runs of one thread: the denoisers there as the paper prints them, and folded as ours are. They
 * train inline in both, as printed.
 */
import { execFileSync } from 'node:child_process'
import type { Window } from '../src/batches/windows.ts'
import { catalogInput } from '../src/models/contract/catalog.ts'
import { m3bsr } from '../src/models/m3bsr/m3bsr.ts'
import { randomStream } from '../src/random/stream.ts'
import { bareCatalog } from '../src/testing/bare-catalog.ts'
import { type BenchResult, median, peerPython } from './result.ts'
import { windowSteps } from './window-steps.ts'

/** `targets` are those of one window, after each of its last events. */
const sizes = {
  batch: 64,
  length: 50,
  targets: 25,
  hidden: 64,
  heads: 2,
  items: 9125,
  image: 512,
  text: 256,
  brands: 200,
  threads: 1,
}
const peerScript = 'tools/torch_m3bsr_step.py'
const [rounds, steps] = [5, 4]

/** Medians of five alternating rounds. */
export async function m3bsrStep(): Promise<BenchResult> {
  const [ours, peer, peerFolded]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    ours.push(median(await timeSteps()))
    peer.push(peerStep('printed'))
    peerFolded.push(peerStep('folded'))
  }
  const [our, their, folded] = [median(ours), median(peer), median(peerFolded)]
  const settings = { ...sizes, rounds, steps, form: 'printed', folded: { peer: folded, ratio: our / folded } }
  return { name: 'm3bsr-step', ours: our, peer: their, ratio: our / their, unit: 'ms of processor time', settings }
}

function peerStep(form: string): number {
  const flags = Object.entries({ ...sizes, form, steps }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const out = execFileSync(peerPython(), [peerScript, ...flags], { encoding: 'utf8' })
  return (JSON.parse(out) as { median_ms: number }).median_ms
}

async function timeSteps(): Promise<number[]> {
  const { batch, length, targets, hidden, heads, items, brands, threads } = sizes
  const random = randomStream(0)
  const item = (): number => 1 + random.integer(items)
  const windows: Window[] = Array.from({ length: batch }, (_, user) => ({
    history: {
      user,
      item: Int32Array.from({ length }, item),
      behavior: Uint8Array.from({ length }, () => random.integer(2)),
      time: Float64Array.from({ length }, (_, at) => at),
    },
    targets: Array.from({ length: targets }, (_, at) => ({
      item: item(),
      behavior: 1,
      prefix: length - targets + 1 + at,
      weight: 1,
    })),
  }))
  const { frozen, features } = contentOf(random)
  const catalog = bareCatalog({ itemCount: items, userCount: batch, features, fields: { brand: brands } })
  const options = { hiddenSize: hidden, heads, maxLength: length, denoisers: 'inline' }
  const times = await windowSteps({
    model: m3bsr.build(m3bsr.config.parse(options), {
      ...catalog,
      behaviors: ['click', 'favorite'],
      target: 1,
    }),
    shape: { rows: batch, length, targets: batch * targets, targetsPerRow: targets },
    windows,
    frozen,
    steps,
    threads,
  })
  return times.map(({ processor }) => processor)
}

/** Pictures and texts that no item lacks, and a brand of each. */
function contentOf(random: ReturnType<typeof randomStream>) {
  const { items, image, text, brands } = sizes
  const features = { image, text }
  const frozen = new Map<string, Float32Array | BigInt64Array>([
    [catalogInput.field('brand'), BigInt64Array.from({ length: items + 1 }, () => BigInt(random.integer(brands)))],
  ])
  for (const modality of ['image', 'text'] as const) {
    const vectors = Float32Array.from({ length: (items + 1) * features[modality] }, () => random.normal())
    frozen.set(catalogInput.vectors(modality), vectors)
    frozen.set(catalogInput.present(modality), new Float32Array(items + 1).fill(1))
  }
  return { features, frozen }
}
