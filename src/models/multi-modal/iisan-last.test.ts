import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { groupVectors, plantedDataset, plantedGroups, shuffled, trainPlanted } from '../../../test/fixtures/planted.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { parametersOf } from '../../learn/step.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { historyOf } from '../../testing/ranking/scores.ts'
import { trainRing } from '../../testing/ranking/training.ts'
import { ringDataset } from '../../testing/ring.ts'
import type { DotScore } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { iisanLast } from './iisan-last.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0, adapterSize: 4 }
conformance({
  definition: iisanLast,
  options: small,
  epochs: 30,
  learningRate: 5e-3,
  skips: {
    behaviors: 'it is blind to them',
    gradients: 'a nudge crosses the kinks of ReLU; they are compared with PyTorch’s below',
  },
})

it('learns by the targets of a batch, and goes on to the same bytes after it was stopped', async () => {
  const candidate = { definition: iisanLast, options: { ...small, loss: 'in-batch' } }
  const dataset = ringDataset({ steps: 6 })
  const whole = await trainRing(candidate, dataset, { seed: 7, epochs: 12 })
  // What a user touched is nobody's negative in his own window, so that it ranks high as well: chance is 1 / 12.
  expect(await whole.hits()).toBeGreaterThan(0.3)
  const resumed = await trainRing(candidate, dataset, { seed: 7, epochs: 12, stops: [5] })
  expect(resumed.checkpoint.equals(whole.checkpoint)).toBe(true)
})

/** See tools/iisan_last_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'hidden' | 'heads' | 'layers' | 'items' | 'taps' | 'adapter', number>
  > & { readonly widths: { readonly image: number; readonly text: number } }
  readonly table: Numbers
  readonly users: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/iisan-last.json', 'utf8')) as Record<
  'softmax' | 'in-batch',
  Fixture
>

describe.each([
  ['softmax', 'gated'],
  ['in-batch', 'add'],
] as const)('IISAN by %s, %s, in PyTorch', (loss, gates) => {
  const fixture = fixtures[loss]
  const { batch, length, hidden, heads, layers, items, taps, adapter, widths } = fixture.config
  const options = { hiddenSize: hidden, maxLength: length, heads, layers, taps, adapterSize: adapter, dropout: 0 }
  const catalog = bareCatalog({ itemCount: items - 1, features: widths })
  const model = iisanLast.build(iisanLast.config.parse({ ...options, loss, gates }), catalog)

  it('has the same loss and gradients', async () => {
    await expectParity(model, { rows: batch, length, targets: 11 }, fixture, { tolerance: 1e-4 })
  })

  it('has the same users and rows of items', async () => {
    const score = model.score as DotScore
    const shape = { rows: batch, length, targets: batch * length }
    const { user } = readUser(score, model.batches.declare(shape).batch, servingPass)
    const feeds = {
      ...Object.fromEntries(
        Object.entries({ ...fixture.parameters, ...fixture.inputs }).map(([name, { values }]) => [
          name,
          Float32Array.from(values),
        ]),
      ),
      'batch.history': BigInt64Array.from(fixture.inputs['history']?.values ?? [], BigInt),
      'batch.sources': BigInt64Array.from({ length: batch * length }, (_, at) => BigInt(at)),
    }
    const far = (found: readonly number[], { values }: Numbers): number[] =>
      values.filter((value, at) => !(Math.abs((found[at] as number) - value) < 1e-4))
    expect(far(await evaluateTensor(user, feeds), fixture.users)).toEqual([])
    expect(far(await evaluateTensor(score.table, feeds), fixture.table)).toEqual([])
  })
})

const tiny = { hiddenSize: 16, layers: 1, heads: 1, dropout: 0.1, maxLength: 4, adapterSize: 8 }

describe('IISAN on planted vectors', () => {
  const log = plantedGroups({ steps: 5 })
  const told = groupVectors(log.groups)
  const untold = shuffled(told)

  it('prefers the tap that tells something, and knows nothing by the other alone', async () => {
    const sideBySide = told.map((vector, at) => [...vector, ...(untold[at] as number[])])
    const training = { epochs: 20, learningRate: 5e-3 }
    const both = plantedDataset(log, { text: sideBySide })
    await using trained = await trainPlanted(iisanLast, { ...tiny, taps: 2 }, both, training)
    await using noise = await trainPlanted(iisanLast, tiny, plantedDataset(log, { text: untold }), training)
    const second = 1 / (1 + Math.exp(-(trained.parameters.get('text.tap1.gate')?.[0] as number) / 0.1))
    expect(1 - second).toBeGreaterThan(0.8)
    expect(trained.ndcg).toBeGreaterThan(2 * noise.ndcg)
  })

  it('tells the shares of pictures and texts where no tower is across them', async () => {
    const dataset = plantedDataset(log, { image: untold, text: told })
    const explained = async (options: object) => {
      await using trained = await trainPlanted(iisanLast, { ...tiny, ...options }, dataset, { epochs: 1 })
      const history = historyOf([1, 2])
      const scores = await trained.scorer.score([history])
      const { 'score.image': image, 'score.text': text } = await trained.scorer.reasons(history)
      const [reason] = (await trained.scorer.explain?.(history, [3])) ?? []
      // All but the bias of the join, which every item has.
      const rest = [1, 9].map((item) => (scores[item] ?? 0) - (image?.[item] ?? 0) - (text?.[item] ?? 0))
      return { modalities: Object.keys(reason?.modalities ?? {}), apart: (rest[0] as number) - (rest[1] as number) }
    }
    const { modalities, apart } = await explained({ withoutInter: true })
    expect(modalities.sort()).toEqual(['image', 'text'])
    expect(apart).toBeCloseTo(0, 4)
    expect((await explained({})).modalities).toEqual([])
  })
})

describe('IISAN’s options', () => {
  const sides = (options: object, features: object = { image: 4, text: 4 }): string[] => {
    const model = iisanLast.build(
      iisanLast.config.parse({ ...small, ...options }),
      bareCatalog({ itemCount: 3, features }),
    )
    const names = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)).map(({ origin }) => origin.name)
    return [
      ...new Set(names.flatMap((name) => /^(image|text|across)(?=\.(tap|image|text))/.exec(name)?.[0] ?? [])),
    ].sort()
  }

  it('take towers away, and so does a catalog without pictures', () => {
    expect(sides({})).toEqual(['across', 'image', 'text'])
    expect(sides({ withoutInter: true })).toEqual(['image', 'text'])
    expect(sides({ withoutIntra: true })).toEqual(['across'])
    expect(sides({}, { text: 4 })).toEqual(['text'])
    expect(sides({ taps: 2 }, { image: 6, text: 4 })).toEqual(['across', 'image', 'text'])
  })

  it('are refused where nothing is left, or vectors are no such number of taps', () => {
    const parse = (options: object) => parseOptions('iisan-last', iisanLast.config, options)
    expect(() => sides({}, {})).toThrow('iisan-last: missing: no item with a picture or text')
    expect(() => sides({ withoutIntra: true }, { text: 4 })).toThrow(
      'iisan-last.withoutIntra: unsupported: true, on a dataset with one of pictures and texts',
    )
    expect(() => sides({ taps: 3 })).toThrow('iisan-last.taps: mismatched: 3, expected a divisor of 4')
    expect(() => parse({ withoutIntra: true, withoutInter: true })).toThrow('iisan-last.withoutInter: invalid: true')
    expect(() => parse({ gateTemperature: 0 })).toThrow('iisan-last.gateTemperature: invalid: 0')
    expect(() => parse({ gates: 'max' })).toThrow('iisan-last.gates: invalid: "max", expected one of gated, add')
    expect(() => parse({ loss: 'bpr' })).toThrow('iisan-last.loss: invalid: "bpr", expected one of softmax, in-batch')
  })
})
