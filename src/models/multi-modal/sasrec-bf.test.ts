import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Numbers } from '../../../test/conformance/model/parity.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { add, mul } from '../../tensor/elementwise.ts'
import { input, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateGradients, evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { tinyDataset } from '../../testing/tiny-dataset.ts'
import { catalogShape } from '../contract/catalog.ts'
import type { DotScore } from '../contract/model.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { sasrecBf } from './sasrec-bf.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0 }
conformance({ definition: sasrecBf, options: small, epochs: 40 })

const dataset = (picture: readonly number[] | null) =>
  tinyDataset({
    events: [1, 2, 3, 4].map((item) => [1, item, item === 2 ? 'favorite' : 'click', item] as const),
    behaviors: ['click', 'favorite'],
    fields: { brand: { values: Int32Array.of(0, 1, 2, 1, 2), vocabulary: ['', 'a', 'b'] } },
    features: { image: [[1, 0], [0, 1], picture, null] },
  })

/** Scores of the items after items 1 and 2, the latter by a behavior. */
async function scores(behavior: number, picture: readonly number[] | null = [3, 1]): Promise<number[]> {
  const data = dataset(picture)
  const model = sasrecBf.build(sasrecBf.config.parse(small), catalogShape(data))
  const objectives = stagesOf(model).flatMap((stage) => stage.objectives)
  await using scorer = await nextItemScorer({
    slug: 'sasrec-bf',
    model,
    dataset: data,
    parameters: valuesOf(initialParameters(parametersOf(objectives), 3)),
    runtime: nodeRuntime({ threads: 1 }),
  })
  const history = {
    user: 1,
    item: Int32Array.of(1, 2),
    behavior: Uint8Array.of(0, behavior),
    time: Float64Array.of(1, 2),
  }
  return [...(await scorer.score([history]))].slice(1)
}

describe('sasrec-bf', () => {
  it('reads the behavior of an event, and ranks an item by its picture', async () => {
    const clicked = await scores(0)
    expect(await scores(0)).toEqual(clicked)
    for (const [at, score] of (await scores(1)).entries()) expect(score).not.toBe(clicked[at])
    const other = await scores(0, [0, 4])
    expect(other[2]).not.toBeCloseTo(clicked[2] as number, 3)
    expect(other[0]).toBeCloseTo(clicked[0] as number, 6)
  })
})

/** See tools/sasrec_bf_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly outputs: Readonly<Record<'user' | 'table', Numbers>>
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}

it('SASRec + behavior + features has PyTorch’s users, rows and gradients', async () => {
  const fixture = JSON.parse(readFileSync('test/fixtures/sasrec-bf.json', 'utf8')) as Fixture
  const [rows = 0, length = 0] = fixture.inputs['batch.history']?.shape ?? []
  const targets = fixture.inputs['batch.sources']?.shape[0] ?? 0
  const { batches, score } = sasrecBf.build(
    sasrecBf.config.parse({ ...fixture.config, dropout: 0 }),
    bareCatalog({ itemCount: 6, behaviors: ['click', 'favorite'], fields: { brand: 3 }, features: { image: 3 } }),
  )
  const { batch } = batches.declare({ rows, length, targets })
  const dot = score as DotScore
  const { user } = readUser(dot, batch, { ...servingPass, training: true })
  const upstream = (name: 'user' | 'table', x: Tensor): Tensor => sum(mul(x, input(`upstream.${name}`, x.shape)))
  const loss = add(upstream('user', user), upstream('table', dot.table))
  const { inputs, parameters } = buildGraph({ loss })
  expect(parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(fixture.parameters).sort())
  const sources = fixture.inputs['batch.sources']?.values ?? []
  // For each place the target that reads it, or the number of targets where none does.
  const inverse = Array.from({ length: rows * length }, (_, place) => sources.indexOf(place))
  const feeds: Record<string, Feeds[string]> = {
    'batch.sourcesInverse': BigInt64Array.from(inverse, (target) => BigInt(target < 0 ? targets : target)),
  }
  for (const [name, { values }] of Object.entries({ ...fixture.inputs, ...fixture.parameters }))
    feeds[name] = inputs.get(name)?.dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  const found = await evaluateTensors({ user, table: dot.table }, feeds)
  const { loss: actual, gradients } = await evaluateGradients(loss, parameters, feeds)
  expect(Math.abs(actual - fixture.loss)).toBeLessThan(1e-4)
  const all: Readonly<Record<string, ArrayLike<number | bigint> | undefined>> = { ...gradients, ...found }
  const far = Object.entries({ ...fixture.gradients, ...fixture.outputs }).filter(
    ([name, { values }]) =>
      all[name]?.length !== values.length ||
      values.some((value, at) => !(Math.abs(Number(all[name]?.[at]) - value) < 1e-4 * Math.max(1, Math.abs(value)))),
  )
  expect(far.map(([name]) => name)).toEqual([])
})
