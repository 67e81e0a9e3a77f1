import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, lossOf, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { trainingPass } from '../../learn/pass.ts'
import { parametersOf } from '../../learn/step.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { blindToAll, buildOn, conformance } from '../../testing/ranking/index.ts'
import { historyOf } from '../../testing/ranking/scores.ts'
import { ringDataset } from '../../testing/ring.ts'
import type { BuiltModel, Objective } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { sasrec } from '../sequential/sasrec.ts'
import { type Graphs, graphLayout } from './graphs.ts'
import { ssdrec } from './ssdrec.ts'

const runtime = nodeRuntime({ threads: 1 })
const small = { hiddenSize: 24, maxLength: 8, layers: 1, dropout: 0, embeddingDropout: 0, readoutDropout: 0 }
conformance({
  definition: ssdrec,
  options: { ...small, minimumCoOccurrence: 1, coldItems: 0, coldUsers: 0, insertCandidates: 8 },
  epochs: 30,
  skips: {
    ...blindToAll,
    causal: 'it reads all places, and each target has a window of its own',
    gradients: 'a choice has the gradient of a softmax, and no slope; they are compared with PyTorch’s',
  },
})

/** See tools/ssdrec_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'positions' | 'hidden' | 'heads' | 'layers' | 'items' | 'users' | 'candidates', number>
  >
  readonly graphs: Readonly<Record<string, Numbers>>
}
const fixtures = JSON.parse(readFileSync('test/fixtures/ssdrec.json', 'utf8')) as Readonly<
  Record<'whole' | 'first' | 'plain', Fixture>
>

describe.each(['whole', 'first', 'plain'] as const)('SSDRec in PyTorch, %s', (name) => {
  const fixture = fixtures[name]
  const { batch, length, positions, hidden, heads, layers, items, users, candidates } = fixture.config
  const still = { dropout: 0, embeddingDropout: 0, readoutDropout: 0, dropShare: 0.5 }
  const sizes = { hiddenSize: hidden, maxLength: positions, heads, layers, insertCandidates: candidates }
  const withoutGraphs = name === 'plain'
  const config = ssdrec.config.parse({ ...sizes, ...still, withoutGraphs })
  const layout = withoutGraphs ? {} : graphLayout(graphsOf(fixture.graphs))

  it('has the same loss and gradients', async () => {
    const model = ssdrec.build(config, bareCatalog({ itemCount: items - 1, userCount: users - 1 }), layout)
    const temperature = Float32Array.from(fixture.inputs['scheduled.temperature']?.values ?? [])
    const known = { ...model.frozen, 'scheduled.temperature': temperature }
    const shape = { rows: batch, length, targets: batch }
    await expectParity(model, shape, fixture, { tolerance: 1e-4, pass: trainingPass(), known })
  })
})

describe('SSDRec without its parts', () => {
  const dataset = ringDataset({ users: 6, steps: 6 })
  const few = { hiddenSize: 8, maxLength: 4, heads: 1, layers: 1 }
  const off = { withoutGraphs: true, withoutInsertion: true, withoutDenoising: true }
  const still = { ...few, dropout: 0, embeddingDropout: 0, readoutDropout: 0, minimumCoOccurrence: 0, coldUsers: 0 }
  const built = (options: object) => buildOn({ definition: ssdrec, options: { ...still, ...options } }, dataset)
  const namesOf = async (options: object): Promise<string[]> =>
    parametersOf(stagesOf(await built(options)).flatMap(({ objectives }) => objectives)).map(
      ({ origin }) => origin.name,
    )

  it('is SASRec to the bit', async () => {
    const [whole, backbone] = await Promise.all([
      built({ ...off, lambdaPreference: 0 }),
      buildOn({ definition: sasrec, options: { ...few, dropout: 0 } }, dataset),
    ])
    const parameters = valuesOf(initialParameters(parametersOf(stagesOf(backbone).flatMap((one) => one.objectives)), 3))
    expect(await namesOf({ ...off, lambdaPreference: 0 })).toEqual([...parameters.keys()])
    const scores = async (slug: string, model: BuiltModel): Promise<number[]> => {
      await using scorer = await nextItemScorer({ slug, model, dataset, parameters, runtime })
      return [...(await scorer.score([historyOf([3, 1, 2]), historyOf([4, 5, 6, 7, 8])]))]
    }
    expect(await scores('ssdrec', whole)).toEqual(await scores('sasrec', backbone))
    const { loss, inputs } = lossOf(whole, { rows: 1, length: 4, targets: 1 }, trainingPass())
    const theirs = lossOf(backbone, { rows: 1, length: 4, targets: 1 })
    const numbers: Readonly<Record<string, readonly number[]>> = {
      history: [3, 1, 2, 0],
      targets: [5],
      weights: [1],
      sources: [2],
      lastTargets: [0],
      'lastTargets.item': [5],
    }
    const feeds = Object.fromEntries(
      [...Object.entries(inputs), ...Object.entries(theirs.inputs)].flatMap(([name, { dtype }]) => {
        const values = numbers[name.replace('batch.', '')]
        return values
          ? [[name, dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)]]
          : []
      }),
    )
    const known = { ...feeds, ...Object.fromEntries(parameters), 'scheduled.dropShare': Float32Array.of(0) }
    expect(await evaluateTensor(loss, known)).toEqual(await evaluateTensor(theirs.loss, known))
  })

  it('reads fewer parameters, and makes no graphs where it reads none', async () => {
    const whole = await namesOf({})
    const gone = async (options: object): Promise<string[]> => {
      const left = await namesOf(options)
      return [...new Set(whole.filter((name) => !left.includes(name)).map((name) => name.split('.')[0] as string))]
    }
    expect(await gone({ withoutGraphs: true })).toEqual(['graph'])
    expect(await gone({ withoutInsertion: true })).toEqual(['places'])
    expect(await gone({ withoutDenoising: true })).toEqual(expect.arrayContaining(['denoise']))
    expect(Object.keys((await built({ withoutGraphs: true })).frozen ?? {})).toEqual([])
    const lossesOf = async (options: object): Promise<string[]> => {
      const [objective] = stagesOf(await built(options)).flatMap(({ objectives }) => objectives) as [Objective]
      return Object.keys(objective.losses(objective.batches.declare(objective.batches.smallest).batch, trainingPass()))
    }
    expect(await lossesOf({ withoutInsertion: true })).toEqual(['main', 'reconstruction', 'preference'])
    expect(await lossesOf({ withoutInsertion: true, lambdaReconstruction: 0, lambdaPreference: 0 })).toEqual(['main'])
    expect(await lossesOf({ withoutDenoising: true })).toEqual(['main', 'preference'])
  })

  it('tells the events that it took for noise, and gives a user nobody knows an answer', async () => {
    const model = await built({ withoutInsertion: true })
    const state = initialParameters(parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)), 2)
    await using scorer = await nextItemScorer({ slug: 'ssdrec', model, dataset, parameters: valuesOf(state), runtime })
    const history = historyOf([3, 1, 2])
    for (const sign of [1, -1]) {
      // Whatever is read, both signals say noise, or neither does.
      const choice = state.buffers.get('denoise.readout.choice')?.values as Float32Array
      const next = state.buffers.get('denoise.readout.event')?.values as Float32Array
      const place = state.buffers.get('denoise.place')?.values as Float32Array
      state.buffers.get('denoise.pair.bias')?.values.fill(100)
      state.buffers.get('denoise.readout.next.weight')?.values.fill(0)
      state.buffers.get('denoise.readout.norm.shift')?.values.fill(1)
      state.buffers.get('denoise.readout.norm.scale')?.values.fill(0)
      next.fill(1)
      for (const values of [choice, place]) values.forEach((_, at) => void (values[at] = at % 2 === 1 ? sign : -sign))
      await scorer.refresh()
      const [first, second] = (await scorer.explain?.(history, [4, 5])) ?? []
      expect(first?.item).toBe(4)
      expect(second?.noise).toEqual(first?.noise)
      expect(first?.noise?.map(({ item }) => item)).toEqual(sign === 1 ? [3, 1, 2] : [])
      const scores = await scorer.score([historyOf([3, 1, 2], { user: 99 }), historyOf([])])
      expect([...scores].filter((score) => !Number.isFinite(score))).toHaveLength(2)
    }
    expect('explain' in (await built({ withoutDenoising: true }))).toBe(false)
  })

  it('refuses in a sentence what makes no sense', () => {
    const parse = (options: object) => () => parseOptions('ssdrec', ssdrec.config, options)
    expect(parse({ heads: 3 })).toThrow('must divide hiddenSize')
    expect(parse({ temperature: 0 })).toThrow('ssdrec.temperature: invalid: 0, expected a number from 0.01 to 10')
    expect(parse({ temperature: 0.1, temperatureFloor: 0.5 })).toThrow('must not be above temperature')
    expect(parse({ dropShare: 2 })).toThrow('ssdrec.dropShare: invalid: 2, expected a number from 0 to 1')
    expect(parse({ stride: 4 })).toThrow('ssdrec: unknown: "stride"')
  })
})

function graphsOf(dense: Readonly<Record<string, Numbers>>): Graphs {
  const of = (name: string): SparseMatrix => sparse(dense[name] as Numbers)
  return {
    earlier: of('earlier'),
    later: of('later'),
    incompatible: of('incompatible'),
    readers: of('readers'),
    users: { items: of('users.items'), similar: of('users.similar'), incompatible: of('users.incompatible') },
  }
}

function sparse({ shape, values }: Numbers): SparseMatrix {
  const [rows, columns] = shape as [number, number]
  const entries = values.flatMap((value, at) => (value === 0 ? [] : [{ at, value }]))
  return {
    rows,
    columns,
    start: Int32Array.from({ length: rows + 1 }, (_, row) => entries.filter(({ at }) => at < row * columns).length),
    column: Int32Array.from(entries, ({ at }) => at % columns),
    value: Float32Array.from(entries, ({ value }) => value),
  }
}
