import { conformance } from '../../../test/conformance/model/suite.ts'
import { sasrec } from './sasrec.ts'

conformance({
  definition: sasrec as never,
  options: { hiddenSize: 16, maxLength: 32, heads: 2, layers: 2, dropout: 0 },
  epochs: 40,
})
