import { blindToAll, conformance } from '../../testing/ranking/index.ts'
import { sasrec } from './sasrec.ts'

conformance({
  definition: sasrec,
  options: { hiddenSize: 16, maxLength: 32, heads: 2, layers: 2, dropout: 0 },
  epochs: 40,
  skips: blindToAll,
})
