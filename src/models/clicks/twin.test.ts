import { clickConformance } from '../../../test/conformance/click-model/suite.ts'
import { twin } from './backbone-models.ts'

clickConformance(twin, { config: { embeddingSize: 4, hiddenSize: 16, topItems: 4 } })
