import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import type { Dataset, Field } from '../../dataset/schema.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { relu } from '../../tensor/elementwise.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { conformance } from '../../testing/index.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../../testing/tiny-dataset.ts'
import { trainSmall } from '../../testing/train-small.ts'
import { catalogInputs, catalogShape } from '../contract/catalog.ts'
import type { DotScore } from '../contract/model.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { attentionWeights } from '../parts/attentive-pooling.ts'
import { itemFeatures } from '../parts/item-features.ts'
import { fdsa } from './fdsa.ts'
import { sasrec } from './sasrec.ts'

conformance({
  definition: fdsa,
  options: { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0 },
  epochs: 40,
  skips: { behaviors: 'it is blind to them' },
  extend: (ring) => withFields(ring, { category: tinyField([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 0]) }),
})

/** See tools/fdsa_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<Record<'batch' | 'length' | 'hidden' | 'heads' | 'layers' | 'items' | 'width', number>> & {
    readonly fields: Readonly<Record<string, number>>
  }
  readonly shares: Numbers
  readonly features: Numbers
  readonly users: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/fdsa.json', 'utf8')) as Record<'fields' | 'text', Fixture>
const far = (found: readonly number[], { values }: Numbers): number[] =>
  values.filter((value, at) => !(Math.abs((found[at] as number) - value) < 1e-5))

describe.each(['fields', 'text'] as const)('FDSA by %s', (part) => {
  const fixture = fixtures[part]
  const { batch, length, hidden, heads, layers, items, width, fields } = fixture.config
  const catalog = bareCatalog({ itemCount: items - 1, fields, features: { text: width } })
  const options = { hiddenSize: hidden, maxLength: length, heads, layers, dropout: 0 }
  const model = fdsa.build(fdsa.config.parse(options), catalog)
  const feeds = Object.fromEntries(
    Object.entries({
      ...fixture.parameters,
      ...fixture.inputs,
      'batch.history': fixture.inputs['history'] as Numbers,
    }).map(([name, { values }]) => [
      name,
      /history|field\.\w+$/.test(name) && !(name in fixture.parameters)
        ? BigInt64Array.from(values, BigInt)
        : Float32Array.from(values),
    ]),
  )

  it('has PyTorch’s loss and gradients', async () => {
    const targets = fixture.inputs['targets']?.values.length ?? 0
    await expectParity(model, { rows: batch, length, targets }, fixture)
  })

  it('has PyTorch’s weights of features', async () => {
    const features = itemFeatures(catalog, hidden, { activation: relu })
    if (features.length === 1) return
    const weights = attentionWeights('features', hidden)(features.map(({ of }) => of()))
    expect(far(await evaluateTensor(weights, feeds), fixture.shares)).toEqual([])
  })

  it('has PyTorch’s users, whether a batch reads more items than there are or not', async () => {
    for (const rows of [batch, 1]) {
      const { batch: read } = model.batches.declare({ rows, length, targets: rows * length })
      const sources = BigInt64Array.from({ length: rows * length }, (_, at) => BigInt(at))
      const { user } = readUser(model.score as DotScore, read, servingPass)
      const history = (feeds['batch.history'] as BigInt64Array).slice(0, rows * length)
      const found = await evaluateTensor(user, { ...feeds, 'batch.history': history, 'batch.sources': sources })
      const size = rows * length * hidden
      expect(found).toHaveLength(size)
      expect(far(found, { shape: [], values: fixture.users.values.slice(0, size) })).toEqual([])
    }
  })
})

/**
 * Items of five categories that follow each other in a ring. Which item of a category comes is chance. Each is rare.
 */
const planted = (() => {
  const [categories, each, users, steps] = [5, 100, 300, 6]
  const random = randomStream(1, 'planted')
  const items = categories * each
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++)
    for (let step = 0; step < steps; step++) {
      const category = (user + step) % categories
      events.push([user, 1 + category + categories * random.integer(each), 'click', step])
    }
  const category = Array.from({ length: items }, (_, at) => 1 + (at % categories))
  const noise = category.map(() => 1 + random.integer(categories))
  const keys = category.map(() => random.uniform())
  const order = [...keys.keys()].sort((a, b) => (keys[a] as number) - (keys[b] as number))
  const permuted = order.map((at) => category[at] as number)
  const withField = (fields: Record<string, readonly number[]>): Dataset =>
    tinyDataset({
      events,
      items,
      behaviors: ['click'],
      candidates: 'all',
      fields: Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, tinyField(values)])),
    })
  return { category, noise, permuted, withField }
})()

const small = { hiddenSize: 16, layers: 1, heads: 1, dropout: 0.2, maxLength: 8 }

const trained = (options: object, dataset: Dataset, learningRate = 1e-2) =>
  trainSmall({ definition: fdsa, options: { ...small, ...options } }, dataset, { epochs: 15, learningRate })

describe('FDSA on planted categories', () => {
  it('beats what reads ids alone, and does not where the fields are permuted', async () => {
    const { withField, category, permuted } = planted
    const [known, mixed] = [withField({ category }), withField({ category: permuted })]
    const [whole, ids, alone, broken] = [
      (await trained({}, known)).ndcg,
      (await trainSmall({ definition: sasrec, options: small }, known, { epochs: 15, learningRate: 1e-2 })).ndcg,
      (await trained({ withoutFeatureStream: true }, known)).ndcg,
      (await trained({}, mixed)).ndcg,
    ]
    expect(whole).toBeGreaterThan(2 * ids)
    expect(whole).toBeGreaterThan(2 * alone)
    expect(whole).toBeGreaterThan(2 * broken)
    // The output layer alone, which SASRec lacks, helps a little on such a log.
    expect(broken).toBeLessThan(1.5 * alone)
  })

  it('weighs the field that tells something above one that does not', async () => {
    const dataset = planted.withField({ category: planted.category, noise: planted.noise })
    const { parameters } = await trained({}, dataset, 3e-2)
    const features = itemFeatures(catalogShape(dataset), small.hiddenSize)
    const weights = attentionWeights('features', small.hiddenSize)(features.map(({ of }) => of()))
    const frozen = catalogInputs(dataset)
    const values = ['category', 'noise'].map((name) => [`item.field.${name}`, frozen.get(`item.field.${name}`)])
    const found = await evaluateTensor(weights, { ...Object.fromEntries(parameters), ...Object.fromEntries(values) })
    const ofCategory = found.filter((_, at) => at > 1 && at % 2 === 0)
    expect(ofCategory.reduce((sum, weight) => sum + weight, 0) / ofCategory.length).toBeGreaterThan(0.7)
  })
})

describe('FDSA’s options', () => {
  const category = tinyField([1, 2, 1])
  const catalogOf = (fields: Record<string, Field>, features: object = {}) =>
    bareCatalog({
      itemCount: 3,
      fields: Object.fromEntries(Object.keys(fields).map((name) => [name, 3])),
      features,
    })
  const shape = { rows: 2, length: 8, targets: 3, targetsPerRow: 2 }
  const parametersOf = (options: object, catalog = catalogOf({ category, brand: category }, { text: 2, image: 2 })) => {
    const model = fdsa.build(fdsa.config.parse({ ...small, ...options }), catalog)
    const { user } = readUser(model.score as DotScore, model.batches.declare(shape).batch, servingPass)
    return buildGraph({ user }).parameters.map(({ origin }) => origin.name)
  }
  const features = (options: object): string[] => [
    ...new Set(parametersOf(options).flatMap((name) => /^(field\.\w+|text|image)/.exec(name)?.[0] ?? [])),
  ]

  it('choose the features', () => {
    expect(features({}).sort()).toEqual(['field.brand', 'field.category', 'text'])
    expect(features({ image: true, text: false }).sort()).toEqual(['field.brand', 'field.category', 'image'])
    expect(features({ fields: 'brand' }).sort()).toEqual(['field.brand', 'text'])
    expect(features({ withoutFeatureStream: true })).toEqual([])
  })

  it('take away the attention, and untie the streams', () => {
    const attention = (options: object): number =>
      parametersOf(options).filter((name) => name.startsWith('features.')).length
    expect([attention({}), attention({ withoutFeatureAttention: true })]).toEqual([4, 0])
    const positions = (options: object): string[] => parametersOf(options).filter((name) => name.endsWith('position'))
    expect(positions({})).toEqual(['position'])
    expect(positions({ tied: false }).sort()).toEqual(['feature.position', 'item.position'])
  })

  it('refuse a catalog without features, and unknown fields', () => {
    expect(() => parametersOf({}, catalogOf({}))).toThrow(
      'fdsa: missing: no feature of items to read, expected a catalog with categorical fields or texts',
    )
    expect(() => parametersOf({ text: false, fields: '' })).toThrow('fdsa: missing')
    expect(() => parametersOf({ fields: 'brend' })).toThrow('did you mean "brand"?')
  })

  it('without the feature stream, are SASRec and one linear layer', async () => {
    const catalog = catalogOf({ category })
    const own = fdsa.build(fdsa.config.parse({ ...small, withoutFeatureStream: true }), catalog)
    const other = sasrec.build(sasrec.config.parse(small), catalog)
    const userOf = ({ score, batches }: Pick<typeof own, 'score' | 'batches'>) =>
      readUser(score as DotScore, batches.declare(shape).batch, servingPass).user
    const [user, sasrecUser] = [userOf(own), userOf(other)]
    const { parameters } = buildGraph({ user })
    const random = randomStream(2)
    const feeds: Record<string, Float32Array | BigInt64Array> = {
      'batch.history': BigInt64Array.from([1, 2, 3, 1, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0], BigInt),
      'batch.sources': BigInt64Array.of(1n, 3n, 9n),
    }
    for (const { origin, shape: sizes } of parameters) {
      const values = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, () => 0.3 * random.normal())
      feeds[origin.name] = values
      feeds[origin.name.replace(/^item\.(?=block)/, '')] = values
    }
    // A layer that changes nothing, and a normalization of what is normalized already.
    const identity = Float32Array.from({ length: 256 }, (_, at) => (at % 17 === 0 ? 1 : 0))
    const plain = { 'output.weight': identity, 'output.bias': new Float32Array(16) }
    const norms = Object.fromEntries(
      Object.keys(feeds).flatMap((name) => {
        if (/norm\d?\.scale$/.test(name)) return [[name, new Float32Array(16).fill(1)]]
        return /norm\d?\.shift$/.test(name) ? [[name, new Float32Array(16)]] : []
      }),
    )
    const all = { ...feeds, ...plain, ...norms }
    const [found, expected] = [await evaluateTensor(user, all), await evaluateTensor(sasrecUser, all)]
    const away = found.filter((value, at) => !(Math.abs(value - (expected[at] as number)) < 1e-3))
    expect([found.length, away]).toEqual([48, []])
  })
})
