import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import { bilinearClicks, trainOnPlanted } from '../../../test/fixtures/planted-clicks.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { mtfn } from './mtfn.ts'

const small = { embeddingSize: 4, modalitySize: 6, fusionSize: 6, rank: 3, hiddenSize: 16 }
// So few numbers do not bear that a tenth of them is dropped.
clickConformance(mtfn, { config: { ...small, inputDropout: 0 } })

it.each(['product', 'matching', 'concat'])('MTFN’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, modality = 0, hidden = 0 }) => ({
    embeddingSize: embedding,
    modalitySize: modality,
    hiddenSize: hidden,
    fusionSize: 2,
    rank: 3,
  })
  await expectClickParity(mtfn, optionsOf, { file: 'mtfn', variant })
})

it('a stopped run of MTFN goes on to the same bytes', async () => {
  await expectResumes('mtfn', small)
})

describe('what pictures and texts decide together', () => {
  const world = bilinearClicks()
  // One output: rank is all there is. With more of them each has a rank of its own.
  const narrow = {
    embeddingSize: 4,
    modalitySize: 16,
    fusionSize: 1,
    rank: 4,
    layers: 1,
    hiddenSize: 1,
    inputDropout: 0,
  }
  const aucOf = async (more: object = {}): Promise<number> =>
    (await trainOnPlanted(mtfn, { ...narrow, ...more }, world, { steps: 250 })).auc

  it('is learned by a sum of four products', async () => {
    expect(await aucOf()).toBeGreaterThan(0.95)
  })

  it('is not learned by one product, nor where they lie side by side', async () => {
    expect(await aucOf({ rank: 1 })).toBeLessThan(0.8)
    expect(await aucOf({ fusion: 'concat' })).toBeLessThan(0.75)
  })
})
