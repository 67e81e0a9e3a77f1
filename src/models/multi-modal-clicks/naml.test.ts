import { beforeAll, describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import {
  anyCandidate,
  normals,
  type PlantedClicks,
  type PlantedTraining,
  plantedClicks,
  plantedItems,
  plantedWidth,
  trainOnPlanted,
} from '../../../test/fixtures/planted-clicks.ts'
import { type RandomStream, randomStream } from '../../random/stream.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { plantedSamples } from '../../testing/clicks/planted.ts'
import { answersOf, clickScoreOf, expectClose } from '../../testing/clicks/run.ts'
import { smallShop } from '../../testing/clicks/shop.ts'
import { naml } from './naml.ts'

const small = { embeddingSize: 4, modalitySize: 8, querySize: 6 }
// So few numbers do not bear that a fifth of them is dropped.
clickConformance(naml, { config: { ...small, dropout: 0 } })

it.each(['dot', 'mlp', 'mean'])('NAML’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, modality = 0 }) => ({
    embeddingSize: embedding,
    modalitySize: modality,
    querySize: 3,
  })
  await expectClickParity(naml, optionsOf, { file: 'naml', variant })
})

it('a stopped run of NAML goes on to the same bytes', async () => {
  await expectResumes('naml', small)
})

describe('its views', () => {
  const namesOf = (options: object, shape = smallShop().shape): readonly string[] | undefined =>
    clickScoreOf(naml.build(naml.config.parse(options), shape)).gates

  it('are the id, every field, pictures and texts, and are told by these names', () => {
    expect(namesOf({})).toEqual(['id', 'category', 'brand', 'image', 'text'])
    expect(namesOf({ idView: false })).toEqual(['category', 'brand', 'image', 'text'])
  })

  it('are the id alone where there is nothing else, also where that is not asked for', () => {
    expect(namesOf({ idView: false }, smallShop({ bare: true }).shape)).toEqual(['id'])
  })
})

it('knows no order: turned histories say the same', async () => {
  const shop = smallShop()
  const model = naml.build(naml.config.parse(small), shop.shape)
  const samples = plantedSamples(5, 'interest', 2)
  const turned = samples.map((sample) => ({
    ...sample,
    history: sample.history.toReversed(),
    behavior: sample.behavior.toReversed(),
  }))
  const [before, after] = [await answersOf({ model, shop }, samples), await answersOf({ model, shop }, turned)]
  expectClose(after.logits, before.logits)
})

/** Every fifth item is blank in both views, and no candidate. */
const isBlank = (item: number): boolean => item % 5 === 0

/**
 * A sign stands in an item's picture or in its text, and the other one is blank. A history has two events of one sign
 * and two blank items; a candidate of that sign is clicked.
 */
function signedViews(): { world: PlantedClicks; telling: readonly number[] } {
  const random = randomStream(1, 'signed views')
  const each = Array.from({ length: plantedItems }, (_, at) => at + 1)
  const [sign, telling] = [each.map(() => 2 * random.integer(2) - 1), each.map(() => random.integer(2))]
  const half = plantedWidth / 2
  const view = (number: number): number[][] =>
    each.map((item, at) => {
      const tells = telling[at] === number && !isBlank(item)
      const first = normals(random, half).map((value) => (tells ? (sign[at] as number) : 0.1 * value))
      return [...first, ...normals(random, half)]
    })
  const drawn = (random: RandomStream, part: 'train' | 'test', fits: (item: number) => boolean): number => {
    let item: number
    do item = anyCandidate(random, part)
    while (!fits(item))
    return item
  }
  const world = plantedClicks({
    vectors: { image: view(0), text: view(1) },
    draw(random, part) {
      const item = drawn(random, part, (one) => !isBlank(one))
      const clicked = random.integer(2) === 1
      const liked = (clicked ? 1 : -1) * (sign[item - 1] as number)
      const fits = (one: number): boolean => !isBlank(one) && sign[one - 1] === liked
      const history = [isBlank, fits, isBlank, fits].map((which) => drawn(random, 'train', which))
      return { item, history, clicked }
    },
  })
  return { world, telling }
}

describe('signs that stand in one of two views', () => {
  const { world, telling } = signedViews()
  const { test } = world
  let trained: PlantedTraining
  let reasons: Readonly<Record<string, number[]>>
  beforeAll(async () => {
    const options = { ...small, modalitySize: 16, querySize: 16, idView: false, dropout: 0 }
    trained = await trainOnPlanted(naml, options, world, { steps: 300, learningRate: 2e-2 })
    reasons = (await answersOf(trained, test, { state: trained.state })).reasons
  })
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

  it('say what is clicked', () => {
    expect(trained.auc).toBeGreaterThan(0.95)
  })

  it('draw the attention to their view; the mean would give it one half', () => {
    const gates = reasons['gates'] as number[]
    const toTelling = test.map(({ item }, at) => gates[2 * at + (telling[item - 1] as number)] as number)
    expect(mean(toTelling)).toBeGreaterThan(0.9)
  })

  it('draw the attention to their events; the mean would give blank ones one half', () => {
    const attention = reasons['attention'] as number[]
    const length = attention.length / test.length
    const toBlank = test.map(({ history }, at) =>
      history.reduce((sum, item, place) => sum + (isBlank(item) ? (attention[length * at + place] as number) : 0), 0),
    )
    expect(mean(toBlank)).toBeLessThan(0.2)
  })
})
