import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  anyCandidate,
  firstUnseen,
  normals,
  type PlantedClicks,
  type PlantedTraining,
  plantedClicks,
  plantedItems,
  trainOnPlanted,
  turnedCodes,
} from '../../../test/fixtures/planted-clicks.ts'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { normal } from '../../nn/init.ts'
import { mlp } from '../../nn/mlp.ts'
import { noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { reverseGradient } from '../../tensor/custom-gradient.ts'
import { square } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { constant, input, integers, parameter, sizeOf, type Tensor } from '../../tensor/node.ts'
import { frozenOf } from '../../testing/clicks/shop.ts'
import { evaluateGradients, evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { reachedBy } from '../../testing/reached-by.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { defineModel } from '../contract/model.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { type ModalitySplit, modalitySplit, type SplitConfig, type SplitParts } from './modality-split.ts'

const names = ['image', 'text'] as const
const present = names.map(() => undefined)
const config: SplitConfig = {
  modalitySize: 16,
  splitActivation: 'none',
  weights: 'item',
  sharedPool: 'max',
  specific: 'own',
  discriminatorSize: 64,
  adversarialWeight: 0.05,
}

/** What a gradient that is reversed twice is: as if it were not. */
const unreversed = (parts: SplitParts): SplitParts => ({
  ...parts,
  weighted: parts.weighted.map((x) => reverseGradient(x)),
})
const evenly = (rows: number): Tensor => constant(new Float32Array(rows).fill(1 / rows), [rows])

describe('gradients of a split', () => {
  const split = modalitySplit(names, { ...config, specific: 'shared' })
  const parts = split.parts(names.map((name) => input(name, [5, 16])))
  const judged = { weight_B: evenly(5), present }
  const { weighing, shared, private: ofPrivates } = split.losses(parts, judged)
  const clicks = square(split.join(parts)).sum()

  /** A gradient's numbers by parameter; none where the loss does not hang on any parameter of the prefix. */
  async function slopesOf(loss: Tensor, prefix: string): Promise<Record<string, number[]>> {
    const { inputs } = buildGraph({ loss })
    const reached = reachedBy(loss).filter(({ origin }) => origin.name.startsWith(prefix))
    if (reached.length === 0) return {}
    const drawn = [...inputs].map(([name, { shape }]) => {
      const random = randomStream(3, name)
      return [name, Float32Array.from(normals(random, sizeOf(shape)))] as const
    })
    return (await evaluateGradients(loss, reached, Object.fromEntries(drawn))).gradients
  }

  it('the shared map learns to fool the discriminator: against its loss', async () => {
    const plain = split.losses(unreversed(parts), judged).shared!.value
    const [against, along] = [await slopesOf(shared!.value, 'shared.'), await slopesOf(plain, 'shared.')]
    expect(Object.keys(against)).toEqual(['shared.weight', 'shared.bias'])
    for (const [name, values] of Object.entries(against)) {
      expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(1e-3)
      for (const [at, value] of values.entries()) expect(value).toBeCloseTo(-along[name]![at]!, 6)
    }
    const ofDiscriminator = await slopesOf(shared!.value, 'discriminator.')
    expect(ofDiscriminator).toEqual(await slopesOf(plain, 'discriminator.'))
  })

  it('what weighs learns of its own loss alone, and teaches the shared map nothing', async () => {
    expect(await slopesOf(weighing!.value, 'shared.')).toEqual({})
    expect(Object.keys(await slopesOf(weighing!.value, 'weigher.'))).toHaveLength(4)
    for (const other of [clicks, shared!.value, ofPrivates!.value])
      expect(await slopesOf(other, 'weigher.')).toEqual({})
  })

  it('the private maps learn to be told apart, by the discriminator of the shared parts', async () => {
    const slopes = await slopesOf(ofPrivates!.value, 'private.')
    expect(Object.keys(slopes)).toHaveLength(4)
    for (const values of Object.values(slopes)) expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(1e-3)
    expect(Object.keys(await slopesOf(ofPrivates!.value, 'discriminator.'))).toHaveLength(4)
  })
})

it('an item’s weights average 1', async () => {
  const vectors = names.map((name) => constant(Float32Array.from(normals(randomStream(4, name), 80)), [5, 16]))
  const each = concat(modalitySplit(names, config).parts(vectors).weights, 1)
  const feeds = [...buildGraph({ each }).inputs].map(
    ([name, { shape }]) => [name, Float32Array.from(normals(randomStream(5, name), sizeOf(shape)))] as const,
  )
  const { mean, spread } = await evaluateTensors(
    { mean: each.mean([1]), spread: each.max(1).mean() },
    Object.fromEntries(feeds),
  )
  for (const value of mean) expect(Number(value)).toBeCloseTo(1, 5)
  expect(Number(spread[0])).toBeGreaterThan(1.1)
})

/** A split of pictures and texts, with the user beside it. */
const splitAlone = defineModel({
  slug: 'split-alone',
  task: 'clicks',
  title: 'a split alone',
  config: z.strictObject({ reversed: z.boolean() }),
  build({ reversed }, catalog: CatalogShape) {
    const { split, parts } = splitOf(catalog)
    const users = parameter('users', [3, 4], normal(0.1))
    const output = mlp('output', [20, 16, 1])
    return {
      batches: impressions(1),
      history: { maxLength: 1, mergeBehaviors: true },
      score: {
        kind: 'clicks',
        forward({ item_B, user_H, weight_B, rows }: Impressions) {
          const of = parts(item_B)
          const logit_B = output(concat([split.join(of), users.rows(user_H)], 1), noNoise).reshape([rows])
          return { logit_B, losses: () => split.losses(reversed ? of : unreversed(of), { weight_B, present }) }
        },
      },
    }
  },
})

function splitOf(catalog: CatalogShape): { split: ModalitySplit; parts: (ids: Tensor) => SplitParts } {
  const projections = names.map((name) => projectedVectors(frozenVectors(name, catalog), 16, name))
  const split = modalitySplit(names, config)
  return { split, parts: (ids) => split.parts(projections.map((project) => project(ids))) }
}

describe('a sign that pictures and texts both tell', () => {
  const world = signedClicks()
  const trained = async (reversed: boolean) =>
    judge(await trainOnPlanted(splitAlone, { reversed }, world, { steps: 250, learningRate: 1e-2 }))

  it('makes shared parts that the discriminator cannot tell apart', async () => {
    const { auc, told, length } = await trained(true)
    expect(auc).toBeGreaterThan(0.95)
    // A coin has log 2 = 0.69.
    expect(told).toBeGreaterThan(0.55)
    expect(length).toBeGreaterThan(1)
  })

  it('leaves them told apart without the reversal', async () => {
    const { auc, told } = await trained(false)
    expect(auc).toBeGreaterThan(0.95)
    expect(told).toBeLessThan(0.4)
  })
})

/** What the discriminator says of the shared parts of items that training never showed, and how long these are. */
async function judge({ shop, state, model, auc }: PlantedTraining) {
  const count = plantedItems + 1 - firstUnseen
  const { split, parts } = splitOf(shop.shape)
  const of = parts(integers(Array.from({ length: count }, (_, at) => firstUnseen + at)))
  const told = split.losses(of, { weight_B: evenly(count), present }).shared!.value
  const tensors = { told, length: concat(of.weighted, 0).norm(1).mean() }
  const frozen = frozenOf(shop, model)
  const feeds = [...buildGraph(tensors).inputs.keys()].map(
    (name) => [name, state.buffers.get(name)?.values ?? frozen.get(name)!] as const,
  )
  const values = await evaluateTensors(tensors, Object.fromEntries(feeds))
  return { told: Number(values.told[0]), length: Number(values.length[0]), auc }
}

/** Clicked where an item's sign, in picture and text alike, is the user's, and the picture's own number not low. */
function signedClicks(): PlantedClicks {
  const random = randomStream(1, 'shared sign')
  const sign = Array.from({ length: plantedItems }, () => 2 * random.integer(2) - 1)
  const codes = () => sign.map((one) => [one, ...normals(random, 4)])
  const [image, text] = [codes(), codes()]
  return plantedClicks({
    vectors: { image: turnedCodes(image, random), text: turnedCodes(text, random) },
    users: 2,
    draw(random, part) {
      const [item, user] = [anyCandidate(random, part), 1 + random.integer(2)]
      const [liked, own] = image[item - 1] as [number, number]
      return { item, user, history: [], clicked: (user === 1) === liked > 0 && own > -0.5 }
    },
  })
}
