import { it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-model/parity.ts'
import { clickConformance } from '../../../test/conformance/click-model/suite.ts'
import { deepfm } from './deepfm.ts'

clickConformance(deepfm, { config: { embeddingSize: 4, hiddenSize: 16, maxLength: 12 } })

it('DeepFM’s logits, loss and gradients equal PyTorch’s', async () => {
  await expectClickParity(deepfm, ({ embedding, hidden }) => ({ embeddingSize: embedding, hiddenSize: hidden }))
})
