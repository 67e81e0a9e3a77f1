import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../../test/conformance/model/parity.ts'
import type { Dataset } from '../../../dataset/schema.ts'
import { trainingPass } from '../../../learn/pass.ts'
import { nextItemScorer } from '../../../rank/scorer.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { historyOf } from '../../../testing/ranking/scores.ts'
import { tinyDataset } from '../../../testing/tiny-dataset.ts'
import { catalogShape } from '../../contract/catalog.ts'
import type { BuiltModel, Objective } from '../../contract/model.ts'
import { sgdl } from './sgdl.ts'

/** See tools/sgdl_fixture.py for what its arrays are. */
interface Fixture extends Pick<ModelFixture, 'inputs' | 'parameters'> {
  readonly config: Readonly<Record<'users' | 'items' | 'hidden' | 'layers' | 'eta' | 'temperature', number>>
  readonly pairs: Numbers
  readonly losses: Readonly<Record<string, Pick<ModelFixture, 'loss' | 'gradients'>>>
  readonly history: Numbers
  readonly scores: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/sgdl.json', 'utf8')) as Readonly<Record<string, Fixture>>

/** A log of the fixture's pairs, all of them for training. */
function datasetOf({ pairs, config }: Fixture): Dataset {
  const events = Array.from({ length: pairs.values.length / 2 }, (_, at) => {
    const [user, item] = pairs.values.slice(2 * at) as [number, number]
    return [user, item, 'click', at] as const
  })
  return tinyDataset({ events, users: config.users - 1, items: config.items - 1 })
}

async function built(fixture: Fixture, backbone: string, scheduler: string): Promise<BuiltModel> {
  const { hidden, layers, eta, temperature } = fixture.config
  const options = { hiddenSize: hidden, layers, virtualRate: eta, temperature, backbone, scheduler, maxLength: 8 }
  const config = sgdl.config.parse(options)
  const dataset = datasetOf(fixture)
  const trainEnd = dataset.events.start.slice(1)
  const split = { protocol: 'given', trainEnd, validation: new Int32Array(0), test: new Int32Array(0) } as const
  const offline = await sgdl.offline?.make(config, {
    dataset,
    split,
    compute: () => Promise.reject(new Error('asked')),
  })
  return sgdl.build(config, catalogShape(dataset), offline)
}

describe.each([
  ['lightgcn', 'gumbel'],
  ['lightgcn', 'reinforce'],
  ['mf', 'gumbel'],
  ['mf', 'reinforce'],
] as const)('SGDL of %s with a scheduler by %s', (backbone, scheduler) => {
  const fixture = fixtures[`${backbone} ${scheduler}`] as Fixture
  const rowsOf = (kind: string) => fixture.inputs[`${kind}.user`]?.values.length as number
  const shapeOf = (kind: string) => ({ rows: rowsOf(kind), length: 8, targets: rowsOf(kind) })

  it.each(['memorization', 'weighed', 'guide'])('has PyTorch’s loss and gradients of %s', async (name) => {
    const model = await built(fixture, backbone, scheduler)
    const stage = model.stages?.find(({ objectives }) => objectives.some((one) => one.name === name))
    const objective = stage?.objectives.find((one) => one.name === name) as Objective
    const noisy = shapeOf('batch.noisy')
    const shape = name === 'guide' ? { ...noisy, joined: { noisy, clean: shapeOf('batch.clean') } } : noisy
    const { loss, gradients } = fixture.losses[name] as Pick<ModelFixture, 'loss' | 'gradients'>
    const alone = { ...model, stages: [{ name, epochs: 1, objectives: [objective] }] }
    // Gradients through a step of descent are small.
    const given = { tolerance: 3e-6, pass: trainingPass(), known: model.frozen ?? {} }
    await expectParity(alone, shape, { ...fixture, loss, gradients }, given)
  })

  it.runIf(scheduler === 'gumbel')('has PyTorch’s scores, of users and of somebody never trained on', async () => {
    const model = await built(fixture, backbone, scheduler)
    const { users, items } = fixture.config
    const parameters = new Map(
      Object.entries(fixture.parameters).map(([name, { values }]) => [name, Float32Array.from(values)] as const),
    )
    const memory = { 'user.trained': { shape: [users, 1], data: new Float32Array(users).fill(1, 1) } }
    const parts = { slug: 'sgdl', model, dataset: datasetOf(fixture), memory, parameters }
    await using scorer = await nextItemScorer({ ...parts, runtime: nodeRuntime({ threads: 1 }) })
    const histories = Array.from({ length: users }, (_, user) => historyOf(fixture.history.values, { user }))
    const scores = await scorer.score(histories)
    const far = fixture.scores.values.filter(
      (score, at) => at % items > 0 && !(Math.abs((scores[at] as number) - score) < 1e-4),
    )
    expect(far).toEqual([])
  })
})
