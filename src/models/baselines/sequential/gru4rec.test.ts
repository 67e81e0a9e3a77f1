import { conformance } from '../../../../test/conformance/model/suite.ts'
import { gru4rec } from './gru4rec.ts'

conformance({ definition: gru4rec as never, options: { embeddingSize: 16, hiddenSize: 24, maxLength: 32, layers: 2, dropout: 0 }, epochs: 40 })
