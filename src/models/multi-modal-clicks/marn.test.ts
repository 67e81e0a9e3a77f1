import { expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { clickScoreOf } from '../../testing/clicks/run.ts'
import { smallShop } from '../../testing/clicks/shop.ts'
import { marn } from './marn.ts'

const small = { embeddingSize: 4, modalitySize: 10, attentionSize: 8, discriminatorSize: 6, hiddenSize: 16 }
clickConformance(marn, {
  config: small,
  skip: [
    {
      check: 'gradients',
      reason: 'gradients are reversed and stopped on the way, and so no slopes of the loss; PyTorch’s are compared',
    },
  ],
})

it.each(['input', 'gates', 'din'])('MARN’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, modality = 0, hidden = 0 }) => ({
    embeddingSize: embedding,
    modalitySize: modality,
    hiddenSize: hidden,
    attentionSize: 4,
    discriminatorSize: 5,
  })
  await expectClickParity(marn, optionsOf, { file: 'marn', variant })
})

it('a stopped run of MARN goes on to the same bytes', async () => {
  await expectResumes('marn', small)
})

it('its modalities are the id, pictures, texts and numbers; a lone one has no weight', () => {
  const gatesOf = (bare: boolean) => clickScoreOf(marn.build(marn.config.parse(small), smallShop({ bare }).shape)).gates
  expect(gatesOf(false)).toEqual(['id', 'image', 'text', 'numbers'])
  expect(gatesOf(true)).toBeUndefined()
})
