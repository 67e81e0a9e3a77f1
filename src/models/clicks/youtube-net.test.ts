import { it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-model/parity.ts'
import { clickConformance } from '../../../test/conformance/click-model/suite.ts'
import { youtubeNet } from './youtube-net.ts'

clickConformance(youtubeNet, { config: { embeddingSize: 4, hiddenSize: 16, maxLength: 12 } })

it('YoutubeNet’s logits, loss and gradients equal PyTorch’s', async () => {
  await expectClickParity(youtubeNet, ({ embedding, hidden }) => ({ embeddingSize: embedding, hiddenSize: hidden }))
})
