import { conformance } from '../../../test/conformance/model/suite.ts'
import { m3bsr } from './m3bsr.ts'

conformance({
  definition: m3bsr as never,
  options: { hiddenSize: 16, embeddingSize: 8, maxLength: 32, dropout: 0, modalitySteps: 3, behaviorSteps: 3, auxiliaryTargets: 1 },
  epochs: 40,
})
