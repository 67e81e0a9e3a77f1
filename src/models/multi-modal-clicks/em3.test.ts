import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import {
  anyCandidate,
  anyItem,
  normals,
  type PlantedClicks,
  type PlantedTraining,
  plantedClicks,
  plantedItems,
  trainOnPlanted,
  turnedCodes,
} from '../../../test/fixtures/planted-clicks.ts'
import { initialParameters } from '../../learn/parameters.ts'
import { linear } from '../../nn/linear.ts'
import { noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { integers } from '../../tensor/node.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { frozenOf } from '../../testing/clicks/shop.ts'
import { clickParameters } from '../../testing/clicks/training.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { catalogShape } from '../contract/catalog.ts'
import { categoricalFields, rowsOfFields } from '../parts/field-embeddings.ts'
import { em3, itemContent } from './em3.ts'

const small = { embeddingSize: 4, modalitySize: 8, attentionSize: 8, hiddenSize: 16 }
clickConformance(em3, { config: { ...small, formerDropout: 0 } })

it.each(['both', 'content', 'plain'])('EM3’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, modality = 0, hidden = 0 }) => ({
    embeddingSize: embedding,
    modalitySize: modality,
    hiddenSize: hidden,
    attentionSize: 4,
  })
  await expectClickParity(em3, optionsOf, { file: 'em3', variant })
})

it('a stopped run of EM3 goes on to the same bytes', async () => {
  await expectResumes('em3', { ...small, attentionDropout: 0.1 })
})

describe('pictures that users like', () => {
  const world = likedPictures()
  const narrow = { embeddingSize: 8, modalitySize: 16, attentionSize: 16, hiddenSize: 16 }
  const trained = (cicWeight: number) => trainOnPlanted(em3, { ...narrow, cicWeight }, world, { steps: 100 })

  it('are told from others on items that training never showed, with the contrast and without', async () => {
    const [on, off] = [await trained(0.01), await trained(0)]
    expect(on.auc).toBeGreaterThan(0.85)
    expect(off.auc).toBeGreaterThan(0.85)
    // By the contrast alone an item's content lies where its id does.
    expect(await ownCosine(on)).toBeGreaterThan(0.5)
    expect(await ownCosine(off)).toBeLessThan(0.1)
  })

  /** How much nearer contents are to their own ids than to those of others, by the mean cosine, over known items. */
  async function ownCosine({ shop, state }: PlantedTraining): Promise<number> {
    const model = em3.build(em3.config.parse(narrow), shop.shape)
    // What only the contrast moves is as it began where that is left out.
    const { buffers } = initialParameters(clickParameters(model), 1)
    const known = integers([...shop.vocabulary.itemRow.keys()].filter((item) => shop.vocabulary.itemRow[item]! > 1))
    const id = rowsOfFields(categoricalFields(shop.shape, 'item', narrow.embeddingSize), known)[0]!
    const content = itemContent(shop.shape, em3.config.parse(narrow))!(known, noNoise)
    const u = linear('contrast.content', [16, 16])(content).l2Normalize()
    const j = linear('contrast.id', [8, 16])(id).l2Normalize()
    const means = { all: u.matmul(j.transpose()).mean(), own: u.mul(j).sum([1]).mean() }
    const frozen = frozenOf(shop, model)
    const feeds = [...buildGraph(means).inputs.keys()].map((name) => {
      const learned = state.buffers.get(name) ?? buffers.get(name)
      return [name, learned?.values ?? frozen.get(name)!] as const
    })
    const { all, own } = await evaluateTensors(means, Object.fromEntries(feeds))
    const items = known.shape[0]!
    const others = (Number(all[0]) * items - Number(own[0])) / (items - 1)
    return Number(own[0]) - others
  }

  /** Clicked where a picture's code begins with the sign that those of the history begin with. Ids are known. */
  function likedPictures(): PlantedClicks {
    const random = randomStream(1, 'liked pictures')
    const codes = () => Array.from({ length: plantedItems }, () => normals(random, 4))
    const image = codes()
    const likes = (item: number): boolean => (image[item - 1]![0] as number) > 0
    const planted = plantedClicks({
      vectors: { image: turnedCodes(image, random), text: turnedCodes(codes(), random) },
      draw(random, part) {
        const liked = random.integer(2) === 1
        const history = Array.from({ length: 12 }, () => anyItem(random)).filter((item) => likes(item) === liked)
        const item = anyCandidate(random, part)
        return { item, history: history.slice(0, 4), clicked: likes(item) === liked }
      },
    })
    const seen = new Set(planted.train.flatMap(({ item, history }) => [item, ...history]))
    const { dataset, vocabulary } = planted.shop
    const itemRow = vocabulary.itemRow.map((row, item) => (seen.has(item) ? 1 + item : row))
    const known = { ...vocabulary, itemRow, itemRows: 2 + plantedItems }
    return { ...planted, shop: { dataset, vocabulary: known, shape: catalogShape(dataset, known) } }
  }
})
