import { clickConformance } from '../../../test/conformance/click-model/suite.ts'
import { din } from './backbone-models.ts'

clickConformance(din, { config: { embeddingSize: 4, attentionSize: 8, hiddenSize: 20 } })
