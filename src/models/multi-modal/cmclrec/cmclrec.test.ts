import { conformance } from '../../../testing/ranking/index.ts'
import { tinyField } from '../../../testing/tiny-dataset.ts'
import { cmclrec } from './cmclrec.ts'

const small = { hiddenSize: 8, maxLength: 32, heads: 2, layers: 1, dropout: 0, coldEvents: 3, simulated: 3 }
conformance({
  definition: cmclrec,
  options: { ...small, mappingEpochs: 2, minimumCount: 1, adapt: true },
  epochs: 30,
  skips: { behaviors: 'it is blind to them', modalities: 'it reads fields of users' },
  extend: (ring) => ({
    ...ring,
    users: {
      fields: { town: tinyField(Array.from({ length: 48 }, (_, at) => 1 + (at % 3))) },
      numbers: { age: Float32Array.from({ length: 49 }, (_, at) => (at === 7 ? Number.NaN : at)) },
    },
  }),
})
