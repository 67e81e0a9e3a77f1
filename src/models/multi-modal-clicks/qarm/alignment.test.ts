import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture } from '../../../../test/conformance/model/parity.ts'
import { plantedClicks, plantedItems } from '../../../../test/fixtures/planted-clicks.ts'
import type { ItemPair } from '../../../batches/item-pairs.ts'
import { applyGradients, initialParameters, type ParameterState } from '../../../learn/parameters.ts'
import { compileStep, stepGraph } from '../../../learn/step.ts'
import type { BuiltModel, Stage } from '../../../models/contract/model.ts'
import { adam } from '../../../optim/adam.ts'
import { type RandomStream, randomStream } from '../../../random/stream.ts'
import { frozenOf, type SmallShop, smallShop } from '../../../testing/clicks/shop.ts'
import { clickParameters, memoryAtStart, runtime } from '../../../testing/clicks/training.ts'
import { keptPools } from '../../../testing/kept-pools.ts'
import { qarm } from './qarm.ts'

it('the loss of pairs and the adapter’s gradients equal PyTorch’s', async () => {
  const fixture = JSON.parse(readFileSync('test/fixtures/qarm.json', 'utf8')) as {
    readonly config: Readonly<Record<'items' | 'image' | 'text' | 'modality', number>>
    readonly inputs: ModelFixture['inputs']
    readonly models: { readonly alignment: ModelFixture }
  }
  const { alignment } = fixture.models
  const { items, image, text, modality } = fixture.config
  const shape = { ...smallShop().shape, itemCount: items, features: { image, text } }
  const model = qarm.build(qarm.config.parse({ alignedSize: modality, temperature: 0.2 }), shape)
  const inputs = { ...fixture.inputs, ...alignment.inputs }
  await expectParity(model, { rows: 5, length: 0, targets: 5 }, { ...alignment, inputs })
})

const [clusters, nuisances, rows] = [12, 12, 96]
const clusterOf = (item: number): number => item % clusters

/** Items whose vectors say their cluster, and three times as loud something that no user minds. */
function loudShop(): SmallShop {
  const random = randomStream(1, 'loud vectors')
  const image = Array.from({ length: plantedItems }, (_, at) => {
    const loud = random.integer(nuisances)
    const code = Array.from({ length: clusters }, (_, one) => (one === clusterOf(at + 1) ? 1 : 0))
    const nuisance = Array.from({ length: nuisances }, (_, one) => (one === loud ? 3 : 0))
    return [...code, ...nuisance].map((value) => value + 0.05 * random.normal())
  })
  return plantedClicks({ vectors: { image }, draw: () => ({ item: 1, history: [], clicked: true }) }).shop
}

/** Two items of one cluster. */
function drawnPair(random: RandomStream): ItemPair {
  const first = 1 + random.integer(plantedItems)
  const second = 1 + clusters * random.integer(Math.floor(plantedItems / clusters)) + ((first - 1) % clusters)
  return [first, second]
}

/** Trains the alignment by pairs. */
async function aligned(model: BuiltModel, shop: SmallShop, steps: number): Promise<ParameterState> {
  const state = initialParameters(clickParameters(model), 1)
  const stages = model.stages as readonly Stage[]
  const objective = stages[0]?.objectives[0]
  if (!objective || stages.length === 1) return state
  const shape = { rows, length: 0, targets: rows }
  const step = stepGraph(objective, shape)
  const frozen = frozenOf(shop, model)
  await using compiled = await compileStep({ step, state, frozen, pools: keptPools(1), seed: 1, runtime })
  const [optimizer, random] = [adam(), randomStream(1, 'pairs')]
  for (let at = 1; at <= steps; at++) {
    const pairs = Array.from({ length: rows }, () => drawnPair(random))
    const batch = {
      fill(buffers: Parameters<typeof objective.batches.fill>[2]) {
        objective.batches.fill(pairs as never, shape, buffers)
        return rows
      },
    }
    await compiled.run(batch, at)
    applyGradients(state, compiled.gradients, optimizer, 1e-2)
  }
  return state
}

/** Bits that the first codes of items say of their clusters; log2(12) = 3.58 would be all. */
async function bitsOf(alignment: string): Promise<number> {
  const shop = loudShop()
  const options = { alignment, alignedSize: 16, levels: 1, centers: clusters, clusterPasses: 8 }
  const model = qarm.build(qarm.config.parse(options), shop.shape)
  const memory = await memoryAtStart(model, shop, await aligned(model, shop, 300))
  const codes = memory['codes.joined']?.data as Float32Array
  const [both, ofCode, ofCluster] = [new Map<string, number>(), new Map<number, number>(), new Map<number, number>()]
  for (let item = 1; item <= plantedItems; item++) {
    const [code, cluster] = [codes[item] as number, clusterOf(item)]
    both.set(`${code} ${cluster}`, (both.get(`${code} ${cluster}`) ?? 0) + 1 / plantedItems)
    ofCode.set(code, (ofCode.get(code) ?? 0) + 1 / plantedItems)
    ofCluster.set(cluster, (ofCluster.get(cluster) ?? 0) + 1 / plantedItems)
  }
  return [...both].reduce((sum, [key, share]) => {
    const [code, cluster] = key.split(' ').map(Number) as [number, number]
    return sum + share * Math.log2(share / ((ofCode.get(code) as number) * (ofCluster.get(cluster) as number)))
  }, 0)
}

describe('what lies beside what users mind, three times as loud', () => {
  it('is what codes of the vectors as they are tell apart', async () => {
    expect(await bitsOf('none')).toBeLessThan(1)
  })

  it('is left out by an adapter that pairs have aligned', async () => {
    expect(await bitsOf('adapter')).toBeGreaterThan(2)
  })
})
