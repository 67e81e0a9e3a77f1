import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import { bilinearClicks, trainOnPlanted } from '../../../test/fixtures/planted-clicks.ts'
import { initialParameters, type ParameterState } from '../../learn/parameters.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { plantedSamples } from '../../testing/clicks/planted.ts'
import { smallShop } from '../../testing/clicks/shop.ts'
import { clickParameters, trainOn } from '../../testing/clicks/training.ts'
import { lmf } from './lmf.ts'

clickConformance(lmf, { config: { embeddingSize: 4, modalitySize: 6, fusionSize: 6, hiddenSize: 16 } })

it.each(['product', 'apart', 'concat'])('LMF’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const sizes = { fusionSize: 2, rank: 3 }
  await expectClickParity(
    lmf,
    ({ embedding, modality, hidden }) => ({
      ...sizes,
      embeddingSize: embedding,
      modalitySize: modality,
      hiddenSize: hidden,
    }),
    { file: 'lmf', variant },
  )
})

it('a stopped run of LMF goes on to the same bytes', async () => {
  await expectResumes('lmf', { embeddingSize: 4, modalitySize: 6, fusionSize: 6, hiddenSize: 8, inputDropout: 0.2 })
})

it('factors at a tenth of the rate move a tenth as far', async () => {
  const shop = smallShop()
  const samples = plantedSamples(64, 'interest', 1)
  const moved = async (factorRate: number): Promise<number> => {
    const config = { embeddingSize: 4, modalitySize: 6, fusionSize: 6, hiddenSize: 8, factorRate }
    const model = lmf.build(lmf.config.parse(config), shop.shape)
    const name = 'fusion.image.weight'
    const of = ({ buffers }: ParameterState): number[] =>
      Array.from(buffers.get(name)!.values, (value) => factorRate * value)
    const before = of(initialParameters(clickParameters(model), 1))
    const after = of(await trainOn(model, shop, samples, { steps: 1, learningRate: 1e-2, seed: 1 }))
    return Math.max(...after.map((value, at) => Math.abs(value - before[at]!)))
  }
  // Adam's first step moves every number by the learning rate, whatever its gradient.
  expect(await moved(1)).toBeCloseTo(1e-2, 4)
  expect(await moved(0.1)).toBeCloseTo(1e-3, 5)
})

describe('what pictures and texts decide together', () => {
  const world = bilinearClicks()
  const small = { embeddingSize: 4, modalitySize: 16, fusionSize: 8, rank: 4, layers: 1, hiddenSize: 1 }

  it('is learned by their product', async () => {
    const { auc } = await trainOnPlanted(lmf, small, world, { steps: 150 })
    expect(auc).toBeGreaterThan(0.95)
  })

  it('is not learned where they lie side by side', async () => {
    const { auc } = await trainOnPlanted(lmf, { ...small, fusion: 'concat' }, world, { steps: 150 })
    expect(auc).toBeLessThan(0.75)
  })
})
