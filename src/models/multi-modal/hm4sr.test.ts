import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { historyBefore, historyOf } from '../../dataset/histories.ts'
import { topItems } from '../../dataset/top-items.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { conformance, lastTwo } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../../testing/tiny-dataset.ts'
import { trainSmall } from '../../testing/train-small.ts'
import { type CatalogShape, catalogInput, catalogShape } from '../contract/catalog.ts'
import type { DotScore, Objective } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { hm4sr } from './hm4sr.ts'

const small = { hiddenSize: 8, maxLength: 32, heads: 2, layers: 1, dropout: 0, experts: 2, timeExperts: 2 }
conformance({
  definition: hm4sr,
  options: { ...small, intervalScale: 4 },
  epochs: 40,
  skips: { behaviors: 'it is blind to them' },
  extend: (ring) => withFields(ring, { category: tinyField([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 0]) }),
})

/** See tools/hm4sr_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<
      | 'batch'
      | 'length'
      | 'hidden'
      | 'heads'
      | 'layers'
      | 'items'
      | 'width'
      | 'experts'
      | 'scale'
      | 'lambdaId'
      | 'lambdaCategory'
      | 'lambdaPlaceholder',
      number
    >
  > & { readonly fields: Readonly<Record<string, number>> }
  readonly users: Numbers
  readonly table: Numbers
  readonly parts: Readonly<Record<string, number>>
}
const fixtures = JSON.parse(readFileSync('test/fixtures/hm4sr.json', 'utf8')) as Record<'whole' | 'timeless', Fixture>
const far = (found: ArrayLike<number | bigint>, { values }: Numbers): readonly number[] =>
  values.filter((value, at) => !(Math.abs(Number(found[at]) - value) < 1e-4))

describe.each(['whole', 'timeless'] as const)('HM4SR, %s', (part) => {
  const fixture = fixtures[part]
  const { batch, length, hidden, heads, layers, items, width, experts, scale, fields, ...lambdas } = fixture.config
  const catalog = bareCatalog({
    itemCount: items - 1,
    fields,
    features: { image: width, text: width },
    time: part === 'whole' ? 'milliseconds' : 'order',
  })
  const options = { hiddenSize: hidden, maxLength: length, heads, layers, dropout: 0, experts, timeExperts: experts }
  const model = hm4sr.build(hm4sr.config.parse({ ...options, intervalScale: scale, ...lambdas }), catalog)
  const targets = fixture.inputs['targets']?.values.length ?? 0
  const shape = { rows: batch, length, targets }

  it('has PyTorch’s loss and gradients', async () => {
    await expectParity(model, shape, fixture, { tolerance: 1e-4 })
  })

  it('has PyTorch’s users and rows', async () => {
    const score = model.score as DotScore
    const { batch: read } = model.batches.declare(shape)
    const { user } = readUser(score, read, servingPass)
    const wholes = new Set([...Object.keys(fields).map(catalogInput.field), 'history', 'sources'])
    const feeds = Object.fromEntries(
      Object.entries({ ...fixture.parameters, ...fixture.inputs }).flatMap(([name, { values }]) => {
        const buffer = wholes.has(name) ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
        return [
          [name, buffer],
          [`batch.${name}`, buffer],
        ]
      }),
    )
    const found = await evaluateTensors({ user, table: score.table }, feeds)
    expect(far(found.user, fixture.users)).toEqual([])
    expect(far(found.table, fixture.table)).toEqual([])
  })
})

/** Items of groups in a ring. The gap before an event says whether the group after it is the same one or the next. */
const planted = (() => {
  const [groups, each, users, steps] = [4, 8, 300, 8]
  const random = randomStream(1, 'gaps')
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    let [group, time, moves] = [random.integer(groups), 1e12 + 1e6 * user, false]
    for (let step = 0; step < steps; step++) {
      events.push([user, 1 + group + groups * random.integer(each), 'click', time])
      group = (group + (moves ? 1 : 0)) % groups
      moves = random.uniform() < 0.5
      time += moves ? 86_400_000 : 1_800_000
    }
  }
  return { dataset: tinyDataset({ events, behaviors: ['click'], candidates: 'all' }), groups, users }
})()

describe('HM4SR on planted times', () => {
  const { dataset, groups, users } = planted
  const few = { hiddenSize: 16, layers: 1, heads: 1, dropout: 0.1, maxLength: 8, intervalScale: 2 }

  /** The share of users whose first item is of the right group, and what was learned. */
  async function trained(options: object, epochs: number) {
    const done = await trainSmall({ definition: hm4sr, options: { ...few, ...options } }, dataset, {
      epochs,
      learningRate: 2e-2,
    })
    const { model, parameters, memory } = done
    await using scorer = await nextItemScorer({
      slug: 'hm4sr',
      model,
      dataset,
      parameters,
      memory,
      runtime: nodeRuntime({ threads: 1 }),
    })
    const { test } = lastTwo(dataset)
    const groupOf = (item: number): number => (item - 1) % groups
    let right = 0
    for (const [at, row] of test.entries()) {
      const [first] = topItems(
        await scorer.score([historyBefore(dataset.events, at + 1, dataset.events.time[row] as number)]),
        1,
      )
      if (groupOf(first?.item ?? 0) === groupOf(dataset.events.item[row] as number)) right++
    }
    return { right: right / users, ...done }
  }

  it('reads gaps, and without times cannot beat chance', async () => {
    const whole = await trained({}, 10)
    expect(whole.right).toBeGreaterThan(0.9)
    expect(whole.memory['time.longest']?.data[0]).toBe(86_400)
    expect(Math.abs((whole.memory['time.first']?.data[0] as number) - 1.000001e12 / 86_400_000)).toBeLessThan(1e-2)
    const timeless = await trained({ withoutTime: true }, 10)
    expect(timeless.right).toBeLessThan(0.6)
    expect(timeless.memory).toEqual({})
  })

  it('trains the experts that time chooses among, unless they are frozen as in the published code', async () => {
    const firstOf = async (options: object): Promise<(number | undefined)[]> => {
      const { model, last } = await trained(options, 1)
      const objectives = stagesOf(model).flatMap((stage) => stage.objectives)
      const first = valuesOf(initialParameters(parametersOf(objectives), 1)).get('time.expert')
      return [first?.[0], last['time.expert']?.[0]]
    }
    const [begin, end] = await firstOf({ temporalExperts: 'frozen' })
    expect(end).toBe(begin)
    const [other, changed] = await firstOf({})
    expect(other).toBe(begin)
    expect(changed).not.toBe(begin)
  })
})

describe('HM4SR’s parts', () => {
  const features = { image: [[1, 0], [0, 1], [1, 1], null], text: [[2, 1, 0], null, [0, 1, 2], [1, 1, 1]] }
  const events = [1, 2, 3, 4].map((item): TinyEvent => [1, item, 'click', 60_000 * item])
  const dataset = withFields(tinyDataset({ events, features }), { category: tinyField([1, 2, 1, 2]) })
  const history = historyOf(dataset.events, 1)
  const build = (options: object, shape: Partial<CatalogShape> = {}) =>
    hm4sr.build(hm4sr.config.parse({ ...small, ...options }), { ...catalogShape(dataset), ...shape })
  const parametersFor = (options: object, shape?: Partial<CatalogShape>) =>
    initialParameters(parametersOf(stagesOf(build(options, shape)).flatMap(({ objectives }) => objectives)), 3)

  it('are id streams alone as long as the weights of what is borrowed are 0, to the bit', async () => {
    const parameters = valuesOf(parametersFor({}))
    const scoresOf = async (options: object, weight: readonly number[]): Promise<number[]> => {
      const known = new Map(parameters).set('interact.weight', Float32Array.from(weight))
      const parts = { slug: 'hm4sr', dataset, parameters: known, runtime: nodeRuntime({ threads: 1 }) }
      const model = build(options)
      await using scorer = await nextItemScorer({ ...parts, model, memory: model.memory ?? {} })
      return [...(await scorer.score([history]))]
    }
    const apart = await scoresOf({ withoutInteractive: true }, [0, 1, 1])
    expect(await scoresOf({}, [0, 0, 0])).toEqual(apart)
    expect(await scoresOf({}, [0, 1, 1])).not.toEqual(apart)
  })

  it('tell how much each modality carried a score', async () => {
    const model = build({})
    const parts = { slug: 'hm4sr', model, dataset, parameters: valuesOf(parametersFor({})) }
    await using scorer = await nextItemScorer({
      ...parts,
      memory: model.memory ?? {},
      runtime: nodeRuntime({ threads: 1 }),
    })
    const [told] = (await scorer.explain?.(history, [2])) ?? []
    expect(Object.keys(told?.modalities ?? {})).toEqual(['id', 'text', 'image'])
    const shares = Object.values(told?.modalities ?? {})
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
    expect(shares.every((share) => share >= 0)).toBe(true)
  })

  it('go one by one', () => {
    const lossesOf = (options: object, shape?: Partial<CatalogShape>): string[] => {
      const model = build(options, shape)
      const objective = stagesOf(model)[0]?.objectives[0] as Objective<unknown>
      const { batch } = model.batches.declare({ rows: 1, length: 4, targets: 1, targetsPerRow: 1 })
      return Object.keys(objective.losses(batch, { ...servingPass, training: true }))
    }
    expect(lossesOf({})).toEqual(['main', 'ids', 'categories', 'placeholders'])
    expect(lossesOf({ withoutIdContrast: true, withoutPlaceholders: true })).toEqual(['main', 'categories'])
    expect(lossesOf({ withoutCategories: true })).toEqual(['main', 'ids', 'placeholders'])
    expect(lossesOf({}, { fields: {} })).toEqual(['main', 'ids', 'placeholders'])
    expect(lossesOf({}, { fields: { author: 258 } })).toEqual(['main', 'ids', 'placeholders'])
    expect(lossesOf({ fields: 'author' }, { fields: { author: 258 } })).toContain('categories')
    expect(lossesOf({}, { features: {} })).toEqual(['main', 'ids', 'categories'])
    const names = (options: object, shape?: Partial<CatalogShape>): string[] => [
      ...parametersFor(options, shape).buffers.keys(),
    ]
    const ofTime = (...given: Parameters<typeof names>) => names(...given).filter((name) => name.startsWith('time.'))
    expect(ofTime({})).toHaveLength(6)
    expect(ofTime({}, { time: 'order' })).toEqual(['time.expert'])
    expect(ofTime({ withoutTime: true })).toEqual([])
    expect(names({ withoutInteractive: true }).filter((name) => name.startsWith('interact.'))).toEqual([])
  })

  it('that the data lack are named', () => {
    const lacks = (options: object, shape: Partial<CatalogShape>) =>
      hm4sr.lacks?.(hm4sr.config.parse(options), { ...catalogShape(dataset), ...shape })
    expect(lacks({}, {})).toEqual([])
    expect(lacks({}, { time: 'order', fields: {} })).toEqual(['times', 'categories'])
    expect(lacks({ withoutTime: true }, { time: 'order' })).toEqual([])
  })

  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('hm4sr', hm4sr.config, options)
    expect(parse({ temperature: 0 })).toThrow('hm4sr.temperature: invalid: 0, expected a number from 0.01 to 10')
    expect(parse({ temporalExperts: 'fixed' })).toThrow('hm4sr.temporalExperts')
    expect(parse({ experts: 0 })).toThrow('hm4sr.experts')
    expect(() => build({ fields: 'categroy' })).toThrow('did you mean "category"?')
  })
})
