import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { dpn } from './dpn.ts'

clickConformance(dpn, {
  config: { embeddingSize: 4, attentionSize: 8, hiddenSize: 16, topItems: 4, patternLength: 3, patternNoise: 0 },
  skip: [readsNoModality],
})
