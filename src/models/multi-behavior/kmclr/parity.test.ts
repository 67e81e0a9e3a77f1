import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../../test/conformance/model/parity.ts'
import type { BatchShape } from '../../../batches/kind.ts'
import type { Dataset, History, Split } from '../../../dataset/schema.ts'
import { stagesOf } from '../../../learn/objectives.ts'
import { nextItemScorer } from '../../../rank/scorer.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { evaluateTensor, type Feeds } from '../../../testing/evaluate-tensor.ts'
import { type TinyEvent, tinyDataset, tinyField } from '../../../testing/tiny-dataset.ts'
import { catalogInputs, catalogShape } from '../../contract/catalog.ts'
import type { BuiltModel, Memory, Objective } from '../../contract/model.ts'
import { kmclr } from './kmclr.ts'

/** See tools/kmclr_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<Record<'hidden' | 'layers' | 'users' | 'items', number>>
  readonly meetings: Readonly<Record<string, readonly (readonly [user: number, item: number])[]>>
  readonly fields: Readonly<Record<string, readonly number[]>>
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly history: Numbers
  readonly scores: Numbers
  readonly uniforms: readonly number[]
  readonly views: Readonly<Record<'transr' | 'tatec', Numbers>>
  readonly passes: Readonly<Record<string, Omit<ModelFixture, 'parameters'>>>
}
const fixture = JSON.parse(readFileSync('test/fixtures/kmclr.json', 'utf8')) as Fixture
const { hidden, layers, users, items } = fixture.config

const dataset: Dataset = tinyDataset({
  users,
  items,
  behaviors: Object.keys(fixture.meetings),
  events: Object.entries(fixture.meetings).flatMap(([behavior, pairs]) =>
    pairs.map(([user, item], at): TinyEvent => [user, item, behavior, at]),
  ),
  fields: Object.fromEntries(Object.entries(fixture.fields).map(([name, values]) => [name, tinyField(values)])),
})
/** Everything is trained on. */
const split: Split = {
  protocol: 'given',
  trainEnd: dataset.events.start.slice(1),
  validation: new Int32Array(0),
  test: new Int32Array(0),
}
const views: Memory = Object.fromEntries(
  Object.entries(fixture.views).map(([name, { shape, values }]) => [
    `view.${name}`,
    { shape, data: Float32Array.from(values) },
  ]),
)

async function built(options: object = {}): Promise<BuiltModel> {
  const config = kmclr.config.parse({ hiddenSize: hidden, layers, ...options })
  const offline = await kmclr.offline?.make(config, { dataset, split, compute: () => Promise.reject(new Error()) })
  return kmclr.build(config, catalogShape(dataset), offline)
}

/** What graphs read besides parameters and batches. */
function knownOf(model: BuiltModel, memory: Memory): Feeds {
  const frozen = catalogInputs(dataset, { own: model.frozen ?? {} })
  const names = [...Object.keys(model.frozen ?? {}), ...Object.keys(fixture.fields).map((name) => `item.field.${name}`)]
  return {
    ...Object.fromEntries(names.map((name) => [name, frozen.get(name) as Float32Array])),
    ...Object.fromEntries(Object.entries(memory).map(([name, { data }]) => [name, data])),
  }
}
const parameters = new Map(
  Object.entries(fixture.parameters).map(([name, { values }]) => [name, Float32Array.from(values)] as const),
)

describe('KMCLR has PyTorch’s', () => {
  const pairShape: BatchShape = { rows: 40, length: 50, targets: 40 }
  const tripleShape: BatchShape = { rows: 7, length: 0, targets: 7 }
  it.each([
    ['transr', tripleShape],
    ['tatec', tripleShape],
    ['knowledge', pairShape],
    ['sum', pairShape],
    ['mean', pairShape],
    ['symmetric', pairShape],
    ['joint', { ...pairShape, joined: { pairs: pairShape, triples: tripleShape } }],
  ] as const)('loss and gradients: %s', async (name, shape) => {
    const isAggregate = !['transr', 'tatec', 'knowledge', 'joint'].includes(name)
    const model = await built(name === 'joint' ? { passes: 'joint' } : isAggregate ? { aggregate: name } : {})
    const [stage] = stagesOf(model)
    const asked = isAggregate ? 'behaviors' : name
    const found = stage?.objectives.find((one) => name === 'joint' || one.name === asked)
    const alone = { ...model, stages: [{ ...stage, objectives: [found as Objective] }] } as BuiltModel
    const pass = fixture.passes[name] as Omit<ModelFixture, 'parameters'>
    const known = knownOf(model, views)
    await expectParity(alone, shape, { ...pass, parameters: fixture.parameters }, { tolerance: 1e-4, known })
  })

  it('scores of all items, of users and of somebody never trained on', async () => {
    const model = await built()
    const trained = new Float32Array(users + 1).fill(1, 1)
    const memory = { ...views, 'user.trained': { shape: [users + 1, 1], data: trained } }
    const runtime = nodeRuntime({ threads: 1 })
    await using scorer = await nextItemScorer({ slug: 'kmclr', model, dataset, memory, parameters, runtime })
    const histories = Array.from({ length: users + 1 }, (_, user) => historyOf(user, fixture.history.values))
    const scores = await scorer.score(histories)
    const far = fixture.scores.values.filter(
      (score, at) => at % (items + 1) > 0 && !(Math.abs((scores[at] as number) - score) < 1e-4),
    )
    expect(far).toEqual([])
  })

  it('views, drawn with the same numbers', async () => {
    const model = await built()
    const knowledge = stagesOf(model)[0]?.objectives.find(({ name }) => name === 'knowledge')
    const drawn: Memory = Object.fromEntries(
      Object.entries(model.memory ?? {}).map(([name, one]) => [name, { ...one, data: one.data.slice() }]),
    )
    let used = 0
    const feeds = { ...knownOf(model, views), ...Object.fromEntries(parameters) }
    await knowledge?.beforePass?.({
      data: { dataset, split },
      memory: drawn,
      random: { uniform: () => fixture.uniforms[used++] } as never,
      evaluate: async (outputs) =>
        Object.fromEntries(
          await Promise.all(
            Object.entries(outputs).map(async ([name, tensor]) => [
              name,
              Float32Array.from(await evaluateTensor(tensor, feeds)),
            ]),
          ),
        ),
    })
    expect(used).toBe(fixture.uniforms.length)
    for (const [name, { data }] of Object.entries(views)) {
      const found = drawn[name]?.data as Float32Array
      expect([...found].map((value) => value.toFixed(5))).toEqual([...data].map((value) => Number(value).toFixed(5)))
      // Some edges are left out, and the rest count more.
      expect([...found].filter((value) => value === 0).length).toBeGreaterThan(1)
    }
  })
})

const historyOf = (user: number, items: readonly number[]): History => ({
  user,
  item: Int32Array.from(items),
  behavior: new Uint8Array(items.length),
  time: Float64Array.from(items.keys()),
})
