import { describe, expect, it } from 'vitest'
import { trainingCounts } from '../batches/item-counts.ts'
import type { TrainingData } from '../batches/kind.ts'
import type { ModelDefinition } from '../models/contract/model.ts'
import { modelOf } from '../models/registry.ts'
import { catalogLoss } from '../nn/catalog-loss.ts'
import { trainingNoise } from '../nn/noise.ts'
import { sampledSoftmax } from '../nn/sampled-softmax.ts'
import { buildGraph } from '../onnx/graph.ts'
import { randomStream } from '../random/stream.ts'
import { compile } from '../runtime/node.ts'
import { input, parameter, scalar, type Tensor } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import { lastTwo, type RankingCandidate } from '../testing/ranking/candidate.ts'
import { trainRing } from '../testing/ranking/training.ts'
import { ringDataset } from '../testing/ring.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { catalogLosses } from './catalog-losses.ts'
import type { LossOptions } from './config.ts'

/** Item i of 6 has so many training events; the last two of a user are none. Each counts once more than it has. */
const planted = [0, 19, 3, 7, 0, 1, 4]
const log = [...planted.flatMap((count, item) => Array.from({ length: count }, () => item)), 5, 5]
const events = log.map((item, at): TinyEvent => [1, item, 'click', at])
const dataset = tinyDataset({ events, behaviors: ['click'], items: 6 })
const data: TrainingData = { dataset, split: lastTwo(dataset) }
const shares = planted.map((count, item) => (item === 0 ? 0 : (count + 1) / 40))

const rows = 3
const hidden = parameter('hidden', [rows, 2], () => {})
const table = parameter('table', [7, 2], () => {})
const [targets, weights] = [input('targets', [rows], 'int64'), input('weights', [rows])]
const parts = { hidden, table, targets, weights }
const known = {
  hidden: Float32Array.of(1, -0.5, 1, -0.5, 1, -0.5),
  table: Float32Array.of(9, 9, 1, 0, 0, 1, 2, 0, 1, 1, -1, 0, 0, 2),
  // The first row alone is weighed; the others are there to be compared with.
  weights: Float32Array.of(1, 1e-30, 1e-30),
}

/** An item by its share. */
function byShare(random: { uniform(): number }): bigint {
  let left = random.uniform()
  const item = shares.findIndex((share) => (left -= share) < 0)
  return BigInt(item < 0 ? 1 : item)
}

/** The loss of some options, and what its graph reads at a step. */
function lossOf(options: LossOptions): { readonly loss: Tensor; readonly feeds: (step: number) => Feeds } {
  const losses = catalogLosses(options, data)
  const { loss, inputs } = losses.declare(trainingNoise())
  return {
    loss: loss(parts),
    feeds(step) {
      const random = randomStream(3, step)
      const buffers = Object.fromEntries(
        Object.entries(inputs).map(([name, { shape }]) => [name, new BigInt64Array(shape[0] as number)]),
      )
      losses.fill(buffers, random)
      const share = losses.frozen({ get: () => undefined }).get('loss.share')
      const others = Array.from({ length: rows - 1 }, () => byShare(random))
      return { ...known, ...buffers, targets: BigInt64Array.of(4n, ...others), ...(share && { 'loss.share': share }) }
    },
  }
}

describe('sampled softmax of a run', () => {
  it.each([
    ['uniform', 3],
    ['popularity', 3],
    // All items, and the targets of the other rows once more.
    ['mixed', 6],
  ] as const)('sums to the catalog on average, drawn %s', async (drawnFrom, drawnItems) => {
    const first = { ...known, targets: BigInt64Array.of(4n, 1n, 1n) }
    const [full] = await evaluateTensor(catalogLoss(parts), first)
    const { loss, feeds } = lossOf({ catalogLoss: 'sampled', drawnItems, drawnFrom })
    const graph = buildGraph({ loss })
    await using program = await compile(graph, { threads: 1 })
    const steps = 1000
    let sum = 0
    for (let step = 1; step <= steps; step++) {
      for (const [name, buffer] of Object.entries(feeds(step))) if (graph.inputs.has(name)) program.bind(name, buffer)
      await program.run()
      // e^loss is the sum over the items, by the target's part of it.
      sum += Math.exp((program.outputs['loss'] as Float32Array)[0] as number)
    }
    expect(Math.abs(sum / steps / Math.exp(full as number) - 1)).toBeLessThan(0.04)
  })

  it('has the gradient of the catalog in a large sample, and another without the correction', async () => {
    const count = 20_000
    const random = randomStream(1)
    const drawn = BigInt64Array.from({ length: count }, () => byShare(random))
    const given = { ...known, targets: BigInt64Array.of(4n, 1n, 1n), drawn }
    const share = Float32Array.from(shares)
    const of = async (corrected: boolean): Promise<number[]> => {
      const ids = input('drawn', [count], 'int64')
      const logExpected = corrected ? input('share', [7]).rows(ids).mul(count).log() : scalar(Math.log(count / 6))
      const loss = sampledSoftmax(parts, { items: ids, logExpected })
      return (await evaluateGradients(loss, [table], { ...given, share })).gradients['table'] as number[]
    }
    const full = await evaluateGradients(catalogLoss(parts), [table], given)
    const awayFrom = (found: readonly number[]): number =>
      Math.max(...found.map((value, at) => Math.abs(value - (full.gradients['table']?.[at] as number))))
    expect(awayFrom(await of(true))).toBeLessThan(0.01)
    expect(awayFrom(await of(false))).toBeGreaterThan(0.1)
  })

  it('draws items as often as they have events, every item now and then', () => {
    expect([...trainingCounts(data)]).toEqual(planted)
    const { feeds } = lossOf({ catalogLoss: 'sampled', drawnItems: 6, drawnFrom: 'popularity' })
    const counts = Array<number>(7).fill(0)
    for (let step = 1; step <= 1000; step++)
      for (const item of feeds(step)['loss.drawn'] ?? []) counts[Number(item)] = (counts[Number(item)] as number) + 1
    for (const [item, share] of shares.entries())
      expect(Math.abs((counts[item] as number) / 6000 - share)).toBeLessThan(0.02)
    expect(counts[0]).toBe(0)
    expect(counts[4]).toBeGreaterThan(0)
  })
})

describe('options of losses', () => {
  it.each([
    [
      { drawnItems: 9 },
      /training\.drawnItems: unsupported: 9 with --catalog-loss full, expected --catalog-loss sampled or --catalog-loss gbce/,
    ],
    [{ catalogLoss: 'gbce', drawnFrom: 'mixed' }, /training\.drawnFrom: .* expected --catalog-loss sampled/],
    [{ catalogLoss: 'sce', calibration: 0.5 }, /training\.calibration: .* expected --catalog-loss gbce/],
    [{ catalogLoss: 'sampled', bucketItems: 5 }, /training\.bucketItems: .* expected --catalog-loss sce/],
  ] as const)('%j are refused where the loss has no use for them', (options, message) => {
    expect(() => catalogLosses(options, data)).toThrow(message)
  })
})

describe('a run with another loss', () => {
  const ring = ringDataset({ modalities: false })
  const candidate = (slug: string, options: object = {}): RankingCandidate => ({
    definition: modelOf(slug) as ModelDefinition,
    options: { maxLength: 8, hiddenSize: 16, layers: 1, heads: 1, ...options },
  })

  it.each([
    { catalogLoss: 'sampled', drawnItems: 2, drawnFrom: 'mixed' },
    { catalogLoss: 'gbce', drawnItems: 4 },
    { catalogLoss: 'sce', bucketItems: 4 },
  ] as const)('learns the ring: $catalogLoss', async (options) => {
    const given = { seed: 3, epochs: 90, untilPerfect: true, options }
    const { hits } = await trainRing(candidate('sasrec'), ring, given)
    expect(await hits()).toBe(1)
  })

  it('repeats itself to the byte, stopped in the middle of an epoch or not', async () => {
    const options = { catalogLoss: 'sampled', drawnItems: 4, drawnFrom: 'mixed' } as const
    const train = (more: object) => trainRing(candidate('sasrec'), ring, { seed: 7, epochs: 2, ...more })
    const whole = await train({ options })
    const stopped = await train({ options, stops: [2, 2] })
    expect(stopped.checkpoint.equals(whole.checkpoint)).toBe(true)
    const plain = await train({})
    expect(plain.bytes.equals(whole.bytes)).toBe(false)
  })

  it('is refused by models that are trained by no softmax over an item table', async () => {
    const training = trainRing({ definition: modelOf('nmtr') as ModelDefinition, options: {} }, ring, {
      seed: 1,
      epochs: 1,
      options: { catalogLoss: 'gbce' },
    })
    await expect(training).rejects.toThrow(
      /training\.catalogLoss: unsupported: "gbce" for nmtr.*leave out --catalog-loss/,
    )
  })
})
