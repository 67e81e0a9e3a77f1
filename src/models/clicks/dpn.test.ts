import { clickConformance } from '../../../test/conformance/click-model/suite.ts'
import { dpn } from './backbone-models.ts'

clickConformance(dpn, {
  config: { embeddingSize: 4, attentionSize: 8, hiddenSize: 16, topItems: 4, patternLength: 3, patternNoise: 0 },
})
