import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture } from '../../../test/conformance/model/parity.ts'
import type { History } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { tinyDataset } from '../../testing/tiny-dataset.ts'
import { catalogShape } from '../contract/catalog.ts'
import { sasrecf } from './sasrecf.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0 }
conformance({
  definition: sasrecf,
  options: small,
  epochs: 40,
  skips: { behaviors: 'it is blind to them' },
})

/** Scores of four items after the history 1, 2, with item 3's picture as given. */
async function scores(picture: readonly number[] | null, options: object = {}): Promise<number[]> {
  const features = { image: [[1, 0], [0, 1], picture, null] }
  const dataset = tinyDataset({ events: [1, 2, 3, 4].map((item) => [1, item, 'click', item] as const), features })
  const model = sasrecf.build(sasrecf.config.parse({ ...small, ...options }), catalogShape(dataset))
  const parameters = valuesOf(
    initialParameters(parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)), 3),
  )
  await using scorer = await nextItemScorer({
    slug: 'sasrecf',
    model,
    dataset,
    parameters,
    runtime: nodeRuntime({ threads: 1 }),
  })
  const history = {
    user: 1,
    item: Int32Array.of(1, 2),
    behavior: Uint8Array.of(0, 0),
    time: Float64Array.of(1, 2),
  } as History
  return [...(await scorer.score([history]))].slice(1)
}

describe('sasrecf', () => {
  it('ranks an item by its picture, or by what stands for a missing one', async () => {
    const [missing, some, other] = [await scores(null), await scores([3, 1]), await scores([0, 4])]
    expect(some[2]).not.toBeCloseTo(other[2] as number, 3)
    expect(some[2]).not.toBeCloseTo(missing[2] as number, 3)
    expect(some[0]).toBeCloseTo(other[0] as number, 6)
    expect(missing.every(Number.isFinite)).toBe(true)
  })

  it('ranks by ids alone where it is told to', async () => {
    const options = { tableFeatures: false }
    expect(await scores([3, 1], options)).toEqual(await scores([0, 4], options))
  })
})

/** See tools/baselines_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'positions' | 'hidden' | 'heads' | 'layers' | 'items' | 'width', number>
  >
}

it('SASRecF’s loss and gradients equal PyTorch’s, missing vectors and all', async () => {
  const { sasrecf: fixture } = JSON.parse(readFileSync('test/fixtures/baselines.json', 'utf8')) as {
    readonly sasrecf: Fixture
  }
  const { batch, length, positions, hidden, heads, layers, items, width } = fixture.config
  const catalog = bareCatalog({ itemCount: items - 1, features: { image: width, text: width } })
  const model = sasrecf.build(
    sasrecf.config.parse({ hiddenSize: hidden, maxLength: positions, heads, layers, dropout: 0 }),
    catalog,
  )
  await expectParity(model, { rows: batch, length, targets: fixture.inputs['targets']?.values.length ?? 0 }, fixture)
})
