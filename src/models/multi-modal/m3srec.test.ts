import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { groupVectors, plantedDataset, plantedGroups, trainPlanted } from '../../../test/fixtures/planted.ts'
import { topItems } from '../../dataset/top-items.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { parametersOf } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { historyOf } from '../../testing/ranking/scores.ts'
import type { TinyEvent } from '../../testing/tiny-dataset.ts'
import type { DotScore } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { sasrec } from '../sequential/sasrec.ts'
import { m3srec } from './m3srec.ts'

const small = {
  hiddenSize: 8,
  maxLength: 16,
  heads: 2,
  experts: 2,
  dropout: 0,
  pretrainEpochs: 1,
  pretrainTemperature: 1,
}
conformance({
  definition: m3srec,
  options: small,
  epochs: 6,
  steps: 6,
  skips: { behaviors: 'it is blind to them' },
})

/** See tools/m3srec_fixture.py for what its arrays are. */
interface Part extends ModelFixture {
  readonly users: Numbers
  readonly shares: Numbers
}
type Sizes = 'batch' | 'length' | 'hidden' | 'heads' | 'items' | 'width'
const fixture = JSON.parse(readFileSync('test/fixtures/m3srec.json', 'utf8')) as {
  readonly config: Readonly<Record<Sizes | 'experts' | 'pretrainTemperature' | 'lambdaBalance', number>>
} & Readonly<Record<'pretrain' | 'finetune' | 'relu', Part>>
const { batch, length, hidden, heads, items, width, ...given } = fixture.config
const build = (options: object, features: object = { image: width, text: width }) =>
  m3srec.build(
    m3srec.config.parse({ hiddenSize: hidden, maxLength: length, heads, dropout: 0, ...given, ...options }),
    bareCatalog({ itemCount: items - 1, features }),
  )
const feedsOf = (values: Readonly<Record<string, Numbers>>) =>
  Object.fromEntries(Object.entries(values).map(([name, numbers]) => [name, Float32Array.from(numbers.values)]))
const everyPlace = { rows: batch, length, targets: batch * length }
const placesOf = (history: readonly number[]) => ({
  'batch.history': BigInt64Array.from(history, BigInt),
  'batch.sources': BigInt64Array.from({ length: batch * length }, (_, at) => BigInt(at)),
})

describe('M3SRec in PyTorch', () => {
  it.each([
    ['pretrain', {}, undefined],
    ['finetune', { withoutPretraining: true }, undefined],
    ['relu', { pretrainEpochs: 0, activation: 'relu', withoutSpecificExperts: true }, { text: width }],
  ] as const)('has the same loss and gradients, users and shares: %s', async (part, options, features) => {
    const model = build(options, features)
    await expectParity(model, { rows: batch, length, targets: 10 }, fixture[part], { tolerance: 1e-4 })
    const { user, reasons } = readUser(model.score as DotScore, model.batches.declare(everyPlace).batch, servingPass)
    const { parameters, inputs, users, shares } = fixture[part]
    const history = inputs['history']?.values as readonly number[]
    const feeds = { ...feedsOf({ ...parameters, ...inputs }), ...placesOf(history) }
    for (const [tensor, { shape, values }] of [
      [user, users],
      [reasons?.['shares'], shares],
    ] as const) {
      const found = await evaluateTensor(tensor as typeof user, feeds)
      const per = shape.at(-1) as number
      const far = values.filter((value, at) => {
        const padding = history[Math.floor(at / (values.length / history.length))] === 0
        return !padding && !(Math.abs((found[at] as number) - value) < 1e-4)
      })
      expect({ per, far }).toEqual({ per, far: [] })
    }
  })

  it('is SASRec where there are ids and one expert alone', async () => {
    const sizes = { hiddenSize: hidden, maxLength: length, heads, dropout: 0 }
    const catalog = bareCatalog({ itemCount: items - 1 })
    const ours = m3srec.build(m3srec.config.parse({ ...sizes, experts: 1 }), catalog)
    const theirs = sasrec.build(sasrec.config.parse({ ...sizes, layers: 2 }), catalog)
    const { parameters, inputs } = fixture.relu
    // Both layers have the weights of the first; its plain feed-forward layer is the one expert of ids.
    const feeds: Record<string, Float32Array | BigInt64Array> = {
      ...feedsOf(parameters),
      modality: new Float32Array(hidden),
      ...placesOf(inputs['history']?.values as readonly number[]),
    }
    for (const [name, { values }] of Object.entries(parameters)) {
      const [, part] = /^layer0\.(.*)$/.exec(name) ?? []
      if (part === undefined) continue
      const theirName = part
        .replace(/^norm/, 'norm1')
        .replace(/^all\.norm/, 'norm2')
        .replace(/^all\.in/, 'feedForward.inner')
        .replace(/^all\.out/, 'feedForward.outer')
      for (const to of [
        `layer0.${part.replace('all', 'id')}`,
        `layer1.${part}`,
        `block0.${theirName}`,
        `block1.${theirName}`,
      ])
        feeds[to] = Float32Array.from(values)
    }
    const usersOf = (model: typeof ours) =>
      evaluateTensor(
        readUser(model.score as DotScore, model.batches.declare(everyPlace).batch, servingPass).user,
        feeds,
      )
    const [found, expected] = [await usersOf(ours), await usersOf(theirs)]
    for (const [at, value] of expected.entries()) expect(found[at]).toBeCloseTo(value, 5)
  })
})

const tiny = { hiddenSize: 16, heads: 2, dropout: 0.1, maxLength: 4, experts: 2 }

describe('M3SRec on planted logs', () => {
  it('has experts for items whose next item a picture tells, and others for those where a text does', async () => {
    const [items, kinds] = [200, 5]
    const random = randomStream(1, 'two')
    const drawn = (): number[] => Array.from({ length: items }, () => random.integer(kinds))
    const [looks, words] = [drawn(), drawn()]
    const byLook = (item: number): boolean => item % 2 === 1
    const events: TinyEvent[] = []
    for (let user = 1; user <= 200; user++) {
      let item = 1 + random.integer(items)
      for (let step = 0; step < 6; step++) {
        events.push([user, item, 'click', step])
        const told = byLook(item) ? looks : words
        const own = told[item - 1]
        const mates = told.flatMap((kind, at) => (kind === own ? [at + 1] : []))
        item = mates[random.integer(mates.length)] as number
      }
    }
    const marked = (vectors: number[][]) => vectors.map((vector, at) => [...vector, byLook(at + 1) ? 1.5 : -1.5])
    const features = {
      image: marked(groupVectors(looks, { seed: 3 })),
      text: marked(groupVectors(words, { seed: 4 })),
    }
    const dataset = plantedDataset({ groups: looks, events }, features)
    await using trained = await trainPlanted(m3srec, { ...tiny, withoutPretraining: true }, dataset, {
      epochs: 15,
      learningRate: 2e-2,
    })
    /** The mean gate of the first expert, of pictures and of texts. */
    const means = async (chosen: (item: number) => boolean): Promise<[number, number]> => {
      const sums: [number, number, number] = [0, 0, 0]
      for (let item = 1; item <= items; item++) {
        if (!chosen(item)) continue
        const { gates } = await trained.scorer.reasons(historyOf([item]))
        sums[0] += gates?.[2] as number
        sums[1] += gates?.[4] as number
        sums[2]++
      }
      return [sums[0] / sums[2], sums[1] / sums[2]]
    }
    const [pictured, worded] = [await means(byLook), await means((item) => !byLook(item))]
    expect(Math.max(Math.abs(pictured[0] - worded[0]), Math.abs(pictured[1] - worded[1]))).toBeGreaterThan(0.2)
  })

  it('learns sooner by experts than by one feed-forward layer as wide as they are together', async () => {
    const [items, kinds] = [200, 20]
    /** The next item is of a look: the picture tells which after half of the items, the text after the others. */
    const toldByEither = (seed: number) => {
      const random = randomStream(seed, 'either')
      const drawn = (count: number): number[] => Array.from({ length: items }, () => random.integer(count))
      const [looks, words, halves] = [drawn(kinds), drawn(kinds), drawn(2)]
      const [afterLook, afterWord] = [0, 1].map(() => random.shuffle(Int32Array.from({ length: kinds }, (_, at) => at)))
      const events: TinyEvent[] = []
      for (let user = 1; user <= 300; user++) {
        let item = 1 + random.integer(items)
        for (let step = 0; step < 6; step++) {
          events.push([user, item, 'click', step])
          const [look, word] = [looks[item - 1] as number, words[item - 1] as number]
          const next = halves[item - 1] === 1 ? afterLook?.[look] : afterWord?.[word]
          const mates = looks.flatMap((one, at) => (one === next ? [at + 1] : []))
          item = mates[random.integer(mates.length)] as number
        }
      }
      const marked = (vectors: number[][]) => vectors.map((vector, at) => [...vector, halves[at] === 1 ? 1.5 : -1.5])
      const features = {
        image: marked(groupVectors(looks, { seed: 3 })),
        text: marked(groupVectors(words, { seed: 4 })),
      }
      return plantedDataset({ groups: looks, events }, features)
    }
    const ndcg = async (learningRate: number, options: object = {}): Promise<number> => {
      let sum = 0
      for (const seed of [1, 2]) {
        const all = { ...tiny, experts: 4, withoutPretraining: true, ...options }
        await using trained = await trainPlanted(m3srec, all, toldByEither(seed), { epochs: 4, learningRate })
        sum += trained.ndcg
      }
      return sum / 2
    }
    // Each has the rate of 0.005, 0.01, 0.02 and 0.03 that is best for it.
    expect(await ndcg(0.02)).toBeGreaterThan(1.08 * (await ndcg(0.01, { sharedFeedForward: true })))
  })

  it('tells more of few users where it was pre-trained', async () => {
    const items = 200
    const log = plantedGroups({ items, users: 20, steps: 5 })
    const features = { image: groupVectors(log.groups, { seed: 3 }), text: groupVectors(log.groups, { seed: 4 }) }
    const dataset = plantedDataset(log, features)
    const random = randomStream(9, 'asked')
    const asked = Array.from({ length: 100 }, (_, at) =>
      [0, 1].map((step) => 1 + ((at + step) % 5) + 5 * random.integer(items / 5)),
    )
    /** How much of the first ten items is of the group that comes next. */
    const right = async (options: object, epochs: number): Promise<number> => {
      await using trained = await trainPlanted(m3srec, { ...tiny, experts: 4, ...options }, dataset, { epochs })
      const scores = await trained.scorer.score(asked.map((history) => historyOf(history)))
      const shares = asked.map((_, at) => {
        const own = scores.subarray(at * (items + 1), (at + 1) * (items + 1))
        return topItems(own, 10).filter(({ item }) => (item - 1) % 5 === (at + 2) % 5).length / 10
      })
      return shares.reduce((sum, share) => sum + share, 0) / shares.length
    }
    const whole = await right({ pretrainEpochs: 15 }, 8)
    expect(whole).toBeGreaterThan(0.75)
    // As many epochs of ranking alone.
    expect(whole).toBeGreaterThan(0.1 + (await right({ withoutPretraining: true }, 23)))
  })
})

describe('M3SRec’s reasons', () => {
  it('are how much each modality counts in a user', async () => {
    const log = plantedGroups({ items: 20, users: 10 })
    const vectors = groupVectors(log.groups)
    const lacking = vectors.map((vector, at) => (at === 6 ? null : vector))
    const dataset = plantedDataset(log, { image: vectors, text: lacking })
    await using trained = await trainPlanted(m3srec, { ...tiny, pretrainEpochs: 1 }, dataset, { epochs: 1 })
    const [reason, other] = (await trained.scorer.explain?.(historyOf([1, 7]), [3, 4])) ?? []
    expect(Object.keys(reason?.modalities ?? {})).toEqual(['id', 'image', 'text'])
    expect(Object.values(reason?.modalities ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
    expect(other?.modalities).toEqual(reason?.modalities)
  })
})

describe('M3SRec’s options', () => {
  const built = (options: object, features: object = { image: 2, text: 3 }) =>
    m3srec.build(m3srec.config.parse({ ...small, ...options }), bareCatalog({ itemCount: 3, features }))
  const namesOf = (...given: Parameters<typeof built>): string[] =>
    parametersOf(stagesOf(built(...given)).flatMap(({ objectives }) => objectives)).map(({ origin }) => origin.name)

  it('take parts away', () => {
    const whole = namesOf({})
    const stageNames = (options: object) => stagesOf(built(options)).map(({ name }) => name)
    expect(stageNames({})).toEqual(['pre-training', 'fine-tuning'])
    for (const options of [{ withoutPretraining: true }, { pretrainEpochs: 0 }]) {
      expect(stageNames(options)).toEqual(['fine-tuning'])
      expect(whole.filter((name) => !namesOf(options).includes(name))).toEqual(['match.weight'])
    }
    const gated = (options: object, features?: object) =>
      namesOf(options, features).flatMap((name) => (name.endsWith('.gate.weight') ? [name.slice(0, -12)] : []))
    expect(gated({}).sort()).toEqual(['layer0.id', 'layer0.image', 'layer0.text', 'layer1.all'])
    expect(gated({}, { text: 3 }).sort()).toEqual(['layer0.id', 'layer0.text', 'layer1.all'])
    expect(gated({ withoutSpecificExperts: true })).toEqual(['layer1.all'])
    expect(gated({ withoutCrossExperts: true }).sort()).toEqual(['layer0.id', 'layer0.image', 'layer0.text'])
    expect(gated({ experts: 1 })).toEqual([])
    expect(gated({ sharedFeedForward: true })).toEqual([])
    const inside = (options: object) =>
      parametersOf(stagesOf(built(options)).flatMap(({ objectives }) => objectives)).flatMap(({ origin, shape }) =>
        origin.name.endsWith('.in.weight') ? [shape[1] as number] : [],
      )
    const { hiddenSize, experts } = small
    expect(inside({ sharedFeedForward: true })).toEqual([3 * experts * 4 * hiddenSize, experts * 4 * hiddenSize])
    expect('explain' in built({}, {})).toBe(false)
  })

  it('refuse what makes no sense, in a sentence', () => {
    const parse = (options: object) => parseOptions('m3srec', m3srec.config, options)
    expect(() => parse({ pretrainTemperature: 0 })).toThrow(
      'm3srec.pretrainTemperature: invalid: 0, expected a number from 0.01 to 10',
    )
    expect(() => parse({ experts: 0 })).toThrow('m3srec.experts: invalid: 0, expected a whole number from 1 to 64')
    expect(() => parse({ crossLayers: 0 })).toThrow('m3srec.crossLayers: invalid: 0')
    expect(() => parse({ activation: 'elu' })).toThrow('m3srec.activation: invalid: "elu", expected one of gelu, relu')
    expect(() => parse({ heads: 3 })).toThrow('must divide hiddenSize')
  })
})
