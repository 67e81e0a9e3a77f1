import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { historyBefore } from '../../dataset/histories.ts'
import type { Dataset, History } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../../testing/tiny-dataset.ts'
import { type CatalogShape, catalogShape } from '../contract/catalog.ts'
import type { Objective } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { dipn } from './dipn.ts'

conformance({
  definition: dipn,
  options: { embeddingSize: 16, fieldSize: 4, hiddenSize: 16, maxLength: 6, dropout: 0 },
  epochs: 40,
  learningRate: 2e-2,
  skips: {
    modalities: 'it reads neither pictures nor texts',
    causal: 'ages count from the last event of a window, which has one target',
  },
})

/** See tools/dipn_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'embedding' | 'fields' | 'hidden' | 'items' | 'auxiliary' | 'intent', number>
  >
  readonly scores: Numbers
  readonly shares: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/dipn.json', 'utf8')) as Record<
  'whole' | 'merged' | 'plain',
  Fixture
>

describe.each([
  ['whole', {}],
  ['merged', { mergedView: true }],
  ['plain', { bottom: 'last', top: 'mean', withoutTimes: true }],
] as const)('DIPN, %s', (part, options) => {
  const fixture = fixtures[part]
  const { batch, length, embedding, fields, hidden, items, auxiliary, intent } = fixture.config
  const dataset = fixtureDataset(fixture)
  const sizes = { embeddingSize: embedding, fieldSize: fields, hiddenSize: hidden, maxLength: length, dropout: 0 }
  const config = dipn.config.parse({ ...sizes, lambdaAuxiliary: auxiliary, lambdaIntent: intent, ...options })
  const model = dipn.build(config, catalogShape(dataset))

  it('has PyTorch’s loss and gradients', async () => {
    await expectParity(model, { rows: batch, length, targets: batch + 1, targetsPerRow: 1 }, fixture, {
      tolerance: 1e-4,
    })
  })

  it('has PyTorch’s scores and shares of views, from events and their times', async () => {
    const given = new Map(
      Object.entries(fixture.parameters).map(([name, { values }]) => [name, Float32Array.from(values)]),
    )
    const parts = { slug: 'dipn', model, dataset, parameters: given, runtime: nodeRuntime({ threads: 1 }) }
    await using scorer = await nextItemScorer(parts)
    const histories = historiesOf(fixture, dataset)
    const scores = await scorer.score(histories)
    const far = fixture.scores.values.filter(
      (score, at) => at % items > 0 && !(Math.abs((scores[at] as number) - score) < 1e-4),
    )
    expect(far).toEqual([])
    const shares = await Promise.all(
      histories.map(async (history) => [...((await scorer.reasons(history))['views'] as Float32Array)]),
    )
    const wrong = shares.flat().filter((share, at) => !(Math.abs(share - (fixture.shares.values[at] as number)) < 1e-4))
    expect(wrong).toEqual([])
  })
})

/** The events of a fixture's histories, each of a user. */
function fixtureDataset({ config: { length, items }, inputs }: Fixture): Dataset {
  const numbersOf = (name: string, { [name]: known }: Fixture['inputs'] = inputs): readonly number[] =>
    known?.values ?? []
  const [gaps, behaviors] = [numbersOf('batch.gap', fixtures.whole.inputs), numbersOf('batch.behavior')]
  let time = 0
  const events = numbersOf('batch.history').flatMap((item, at): TinyEvent[] => {
    time = at % length === 0 ? 0 : time + 1000 * (gaps[at] as number)
    const name = behaviors[at] === 1 ? 'click' : 'favorite'
    return item > 0 ? [[1 + Math.floor(at / length), item, name, time]] : []
  })
  const [, ...categories] = numbersOf('item.field.category')
  return withFields(tinyDataset({ events, items: items - 1 }), { category: tinyField(categories) })
}
const historiesOf = ({ config }: Fixture, { events }: Dataset): History[] =>
  Array.from({ length: config.batch }, (_, at) => historyBefore(events, at + 1, Number.POSITIVE_INFINITY))

const tiny = { embeddingSize: 16, fieldSize: 4, hiddenSize: 8, maxLength: 6, dropout: 0 }

describe('DIPN’s reasons', () => {
  const dataset = fixtureDataset(fixtures.whole)
  const build = (options: object, shape: Partial<CatalogShape> = {}) =>
    dipn.build(dipn.config.parse({ ...tiny, ...options }), { ...catalogShape(dataset), ...shape })
  const parametersFor = (options: object, shape?: Partial<CatalogShape>) =>
    parametersOf(stagesOf(build(options, shape)).flatMap(({ objectives }) => objectives))

  it.each([{}, { mergedView: true }, { bottom: 'last' }])('share out behaviors and events, %o', async (options) => {
    const model = build(options)
    const parameters = valuesOf(initialParameters(parametersFor(options), 3))
    const parts = { slug: 'dipn', model, dataset, parameters, runtime: nodeRuntime({ threads: 1 }) }
    await using scorer = await nextItemScorer(parts)
    const [mixed, clicks] = historiesOf(fixtures.whole, dataset) as [History, History]
    const [told] = (await scorer.explain?.(mixed, [2])) ?? []
    const because = told?.because ?? []
    expect(because.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5)
    expect(because.map(({ share }) => share)).toEqual(because.map(({ share }) => share).toSorted((a, b) => b - a))
    expect((told?.behaviors?.['click'] ?? 0) + (told?.behaviors?.['favorite'] ?? 0)).toBeCloseTo(1, 5)
    const [onlyClicks] = (await scorer.explain?.(clicks, [2])) ?? []
    expect(onlyClicks?.behaviors).toEqual({ click: expect.closeTo(1, 5), favorite: 0 })
  })

  it('and losses go where one behavior, or no time, is all there is', () => {
    const lossesOf = (options: object, shape?: Partial<CatalogShape>): string[] => {
      const model = build(options, shape)
      const [objective] = stagesOf(model).flatMap(({ objectives }) => objectives)
      const { batch } = model.batches.declare({ rows: 1, length: 4, targets: 1, targetsPerRow: 1 })
      return Object.keys((objective as Objective<unknown>).losses(batch, { ...servingPass, training: true }))
    }
    expect(lossesOf({})).toEqual(['next', 'intent'])
    expect(lossesOf({ lambdaIntent: 0 })).toEqual(['next'])
    expect(lossesOf({}, { behaviors: ['favorite'], target: 0 })).toEqual(['next'])
    const names = (shape: Partial<CatalogShape>): string[] => parametersFor({}, shape).map(({ origin }) => origin.name)
    expect(names({})).toContain('age')
    expect(names({ time: 'order' })).not.toContain('age')
    expect(dipn.lacks?.(dipn.config.parse({}), { ...catalogShape(dataset), time: 'order' })).toEqual(['times'])
  })

  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('dipn', dipn.config, options)
    expect(parse({ bottom: 'mean' })).toThrow('dipn.bottom: invalid: "mean", expected one of attention, last')
    expect(parse({ lambdaIntent: -1 })).toThrow('dipn.lambdaIntent')
    expect(() => build({ fields: 'categroy' })).toThrow('did you mean "category"?')
  })
})
