import { expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import {
  anyCandidate,
  anyItem,
  normals,
  type PlantedClicks,
  plantedClicks,
  plantedItems,
  trainOnPlanted,
  turnedCodes,
} from '../../../test/fixtures/planted-clicks.ts'
import { randomStream } from '../../random/stream.ts'
import { constant, scalar } from '../../tensor/node.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { clickScoreOf } from '../../testing/clicks/run.ts'
import { smallShop } from '../../testing/clicks/shop.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { agreement, gmmf } from './gmmf.ts'

const small = { embeddingSize: 4, modalitySize: 8, hiddenSize: 16 }
clickConformance(gmmf, {
  config: small,
  skip: [
    {
      check: 'gradients',
      reason:
        'each loss moves parameters of its own, so that gradients are no slopes of the sum; PyTorch’s are compared',
    },
  ],
})

it.each(['gan', 'regression', 'none'])('GMMF’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, modality = 0, hidden = 0 }) => ({
    embeddingSize: embedding,
    modalitySize: modality,
    hiddenSize: hidden,
  })
  await expectClickParity(gmmf, optionsOf, { file: 'gmmf', variant })
})

it('a stopped run of GMMF goes on to the same bytes, also before generators learn', async () => {
  await expectResumes('gmmf', { ...small, adversarialEpoch: 2 })
})

it('generators and discriminators learn from the epoch on that is asked for', () => {
  const model = gmmf.build(gmmf.config.parse({ ...small, adversarialEpoch: 3 }), smallShop().shape)
  const weights: number[][] = []
  const { batch } = model.batches.declare({ rows: 4, length: 3, targets: 4 })
  const { losses } = clickScoreOf(model).forward(batch, {
    ...servingPass,
    scheduled(_, { training, serving }) {
      weights.push([1, 2, 3, 4].map((epoch) => training(100, epoch)))
      return scalar(serving)
    },
  })
  expect(Object.keys(losses?.() ?? {})).toEqual(['reconstruction', 'discriminator', 'generator'])
  expect(weights).toEqual([[0, 0, 1, 1]])
})

it('a history has weights that add up to 1 where it agrees with the candidate, and zeros where nothing does', async () => {
  const candidate = constant(Float32Array.of(1, 0, 1, 0, 1, 0), [3, 2])
  const events = constant(
    Float32Array.of(3, 5, -9, 5, 1, 5, 7, 0, -1, 0, -2, 3, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0),
    [3, 4, 2],
  )
  const mask = constant(Float32Array.of(1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0), [3, 4])
  const weights = await evaluateTensor(agreement(candidate, events, mask))
  // Products 3, -9 and 1; -1 and -2; no event. What the mask leaves out agrees best.
  expect(weights.map((value) => Math.round(1e4 * value) / 1e4)).toEqual([0.75, 0, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})

it('what is new of an item whose brand its id tells is read', async () => {
  const options = { embeddingSize: 4, modalitySize: 16, hiddenSize: 16 }
  const { auc } = await trainOnPlanted(gmmf, options, novelties(), { steps: 150 })
  expect(auc).toBeGreaterThan(0.95)
})

/** A picture is one of 20 brands' patterns and a sign; clicked where candidate and history have one sign. */
function novelties(): PlantedClicks {
  const random = randomStream(1, 'novelties')
  const patterns = Array.from({ length: 20 }, () => normals(random, 8))
  const brand = Array.from({ length: plantedItems }, () => random.integer(20))
  const sign = brand.map(() => 2 * random.integer(2) - 1)
  const image = brand.map((one, at) => [...(patterns[one] as number[]), sign[at] as number])
  const values = Int32Array.from([0, ...brand.map((one) => 1 + one)])
  return plantedClicks({
    vectors: { image: turnedCodes(image, random) },
    fields: { brand: { values, vocabulary: ['', ...patterns.map((_, at) => `brand ${at}`)] } },
    draw(random, part) {
      const liked = 2 * random.integer(2) - 1
      const history = Array.from({ length: 16 }, () => anyItem(random)).filter((item) => sign[item - 1] === liked)
      const item = anyCandidate(random, part)
      return { item, history: history.slice(0, 4), clicked: sign[item - 1] === liked }
    },
  })
}
