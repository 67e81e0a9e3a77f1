import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../../test/conformance/click-resume.ts'
import { expectParity, type ModelFixture } from '../../../../test/conformance/model/parity.ts'
import {
  anyCandidate,
  normals,
  type PlantedClicks,
  type PlantedPart,
  plantedClicks,
  plantedItems,
  plantedWidth,
  trainOnPlanted,
} from '../../../../test/fixtures/planted-clicks.ts'
import { totalLoss } from '../../../learn/objectives.ts'
import { stepGraph } from '../../../learn/step.ts'
import { buildGraph } from '../../../onnx/graph.ts'
import { type RandomStream, randomStream } from '../../../random/stream.ts'
import { gradients } from '../../../tensor/gradient.ts'
import { constant } from '../../../tensor/node.ts'
import { clickConformance } from '../../../testing/clicks/index.ts'
import { smallShop } from '../../../testing/clicks/shop.ts'
import { evaluateTensor } from '../../../testing/evaluate-tensor.ts'
import type { Objective } from '../../contract/model.ts'
import { servingPass } from '../../contract/serving-pass.ts'
import { isExtractors } from './extractor.ts'
import { make } from './make.ts'
import { tierCounts } from './similarity-tiers.ts'

const small = {
  embeddingSize: 4,
  modalitySize: 8,
  extractorSize: 8,
  attentionSize: 8,
  hiddenSize: 16,
  tiers: 5,
  extractorEpochs: 1,
}
clickConformance(make, { config: small })

const optionsOf = ({ embedding = 0, modality = 0, hidden = 0 }) => ({
  embeddingSize: embedding,
  modalitySize: modality,
  extractorSize: 4,
  attentionSize: 4,
  hiddenSize: hidden,
})

it.each(['stages', 'beside', 'coupled', 'matched'])(
  'MAKE’s logits, loss and gradients equal PyTorch’s: %s',
  async (variant) => {
    await expectClickParity(make, optionsOf, { file: 'make', variant })
  },
)

it('the extractor’s own loss and gradients equal PyTorch’s', async () => {
  const fixture = JSON.parse(readFileSync('test/fixtures/make.json', 'utf8')) as {
    readonly config: Readonly<Record<'rows' | 'length' | 'items' | 'image' | 'text' | 'embedding' | 'modality', number>>
    readonly inputs: ModelFixture['inputs']
    readonly models: { readonly extractor: ModelFixture }
  }
  const { rows, length, items, image, text } = fixture.config
  const shape = { ...smallShop().shape, itemCount: items, features: { image, text } }
  const model = make.build(make.config.parse(optionsOf(fixture.config)), shape)
  const { extractor } = fixture.models
  await expectParity(model, { rows, length, targets: rows }, { ...extractor, inputs: fixture.inputs })
})

it('a stopped run of MAKE goes on to the same bytes', async () => {
  // Within the extractor's stage, at its end, and within the first epoch of the second one.
  await expectResumes('make', small, [1, 2, 2])
})

describe('tiers', () => {
  const countsOf = (cosines: readonly number[], counts: readonly number[], tiers: number, lowest = -1) => {
    const row = (values: readonly number[]) => constant(Float32Array.from(values), [1, values.length])
    return evaluateTensor(tierCounts(row(cosines), row(counts), { tiers, lowest }))
  }

  it('of 1, 0.55 and -0.25 are the last, the 16th and the 8th of twenty; what is padding is in none', async () => {
    const counts = await countsOf([1, 0.55, -0.25, 0, 0], [1, 1, 1, 0, 0], 20)
    const filled = [...counts.entries()].filter(([, count]) => count !== 0)
    expect(filled).toEqual([
      [7, 1],
      [15, 1],
      [19, 1],
    ])
  })

  it('are closed above, and the outer ones have what lies beyond them', async () => {
    expect(await countsOf([0.5, 0.75, 0.76, 1.000_001, -1, 0.2], [1, 1, 1, 1, 1, 1], 2, 0.5)).toEqual([4, 2])
    expect(await countsOf([-0.3, 1], [1, 1], 1)).toEqual([2])
  })
})

describe('the loss of clicks', () => {
  /** Its gradients by the extractor's parameters, in the last stage. */
  const gradientsOf = (options: object) => {
    const model = make.build(make.config.parse({ ...small, extractorWeight: 0, ...options }), smallShop().shape)
    const objective = model.stages?.at(-1)?.objectives[0] as Objective
    const { batch } = objective.batches.declare({ rows: 4, length: 3, targets: 4 })
    const { loss } = totalLoss(objective.losses(batch, servingPass))
    const parameters = buildGraph({ loss }).parameters.filter(({ origin }) => isExtractors(origin.name))
    expect(parameters.length).toBeGreaterThan(20)
    return gradients(loss, parameters)
  }

  it.each([{ schedule: 'beside' }, { schedule: 'stages', frozenExtractor: true }])(
    'does not reach the extractor with %o',
    (options) => {
      expect(() => gradientsOf(options)).toThrow('does not reach the loss')
    },
  )

  it.each([{ schedule: 'coupled' }, { schedule: 'stages' }])('reaches the extractor with %o', (options) => {
    expect(() => gradientsOf(options)).not.toThrow()
  })

  it('leaves an extractor alone that nothing trains', () => {
    for (const options of [
      { schedule: 'stages', frozenExtractor: true },
      { schedule: 'beside', extractorWeight: 0 },
    ]) {
      const model = make.build(make.config.parse({ ...small, ...options }), smallShop().shape)
      const step = stepGraph(model.stages?.at(-1)?.objectives[0] as Objective, { rows: 4, length: 3, targets: 4 })
      expect(step.gradients.filter(({ name }) => isExtractors(name))).toEqual([])
    }
  })
})

/**
 * Items come in families whose vectors are alike. A candidate is clicked where three events or more are of its family.
 * Tests have families that training never shows.
 */
function alikeClicks(): PlantedClicks {
  const random = randomStream(1, 'alike clicks')
  const size = 5
  const familyOf = (item: number): number => Math.floor((item - 1) / size)
  const centers = Array.from({ length: plantedItems / size }, () => normals(random, plantedWidth))
  const vectorOf = (item: number): number[] =>
    (centers[familyOf(item)] as number[]).map((value) => value + 0.1 * random.normal())
  const image = Array.from({ length: plantedItems }, (_, at) => vectorOf(at + 1))
  const other = (random: RandomStream, part: PlantedPart, family: number): number => {
    let item: number
    do item = anyCandidate(random, part)
    while (familyOf(item) === family)
    return item
  }
  return plantedClicks({
    vectors: { image },
    draw(random, part) {
      const [item, clicked] = [anyCandidate(random, part), random.integer(2) === 1]
      const family = familyOf(item)
      const own = (): number => 1 + family * size + random.integer(size)
      const alike = clicked ? 3 + random.integer(3) : random.integer(3)
      const history = Array.from({ length: 20 }, (_, at) => (at < alike ? own() : other(random, part, family)))
      return { item, history: [...random.shuffle(Int32Array.from(history))], clicked }
    },
  })
}

describe('at least three of twenty events like the candidate', () => {
  const world = alikeClicks()
  const narrow = { ...small, modalitySize: 16, attentionSize: 16, hiddenSize: 4, tiers: 20 }
  const aucOf = async (tiers: number): Promise<number> =>
    (await trainOnPlanted(make, { ...narrow, tiers }, world, { steps: 200, length: 20 })).auc

  it('are counted by tiers', async () => {
    expect(await aucOf(20)).toBeGreaterThan(0.95)
  })

  it('are not counted by attention to contents', async () => {
    expect(await aucOf(0)).toBeLessThan(0.85)
  })
})
