import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { expectParity, type ModelFixture } from '../../../test/conformance/model/parity.ts'
import type { Tensor } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { blindToAll, conformance } from '../../testing/ranking/index.ts'
import type { DotScore } from '../contract/model.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { gru4rec } from './gru4rec.ts'

conformance({
  definition: gru4rec,
  skips: blindToAll,
  options: { embeddingSize: 16, hiddenSize: 24, maxLength: 32, layers: 2, dropout: 0 },
  epochs: 40,
  learningRate: 2e-2,
})

/** See tools/baselines_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<Record<'batch' | 'length' | 'embedding' | 'hidden' | 'layers' | 'items', number>>
}
const { gru4rec: fixture } = JSON.parse(readFileSync('test/fixtures/baselines.json', 'utf8')) as {
  readonly gru4rec: Fixture
}
const { batch, length, embedding, hidden, layers, items } = fixture.config
const catalog = bareCatalog({ itemCount: items - 1 })
const build = (options: object) =>
  gru4rec.build(gru4rec.config.parse({ embeddingSize: embedding, maxLength: length, ...options }), catalog)

it('GRU4Rec’s loss and gradients equal PyTorch’s', async () => {
  const targets = fixture.inputs['targets']?.values.length ?? 0
  await expectParity(build({ hiddenSize: hidden, layers, dropout: 0 }), { rows: batch, length, targets }, fixture)
})

/** The user's vector of one served history. */
function vectorOf({ batches, score }: ReturnType<typeof build>): Tensor {
  const { batch } = batches.declare({ rows: 1, length, targets: 0 })
  return readUser(score as DotScore, batch, servingPass).user
}

it('GRU4Rec has no layer between hidden state and table where they are equally wide', () => {
  const width = (options: object): number => vectorOf(build(options)).shape[1] as number
  expect([width({ hiddenSize: embedding }), width({ hiddenSize: hidden })]).toEqual([embedding, embedding])
})
