import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import {
  groupVectors,
  plantedDataset,
  plantedGroups,
  shuffled,
  type Trained,
  trainPlanted,
} from '../../../test/fixtures/planted.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { startOfNewItems } from '../../learn/relaid.ts'
import { parametersOf } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { input } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { conformance, lastTwo } from '../../testing/ranking/index.ts'
import { historyOf } from '../../testing/ranking/scores.ts'
import type { TinyEvent } from '../../testing/tiny-dataset.ts'
import type { ProductsScore } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { missrec } from './missrec.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, dropout: 0 }
conformance({
  definition: missrec,
  options: small,
  epochs: 12,
  steps: 6,
  skips: { behaviors: 'it is blind to them', causal: 'it reads all places, and each target has a window of its own' },
})

/** See tools/missrec_fixture.py for what its arrays are. */
interface Part extends ModelFixture {
  readonly users: Numbers
  readonly scores: Numbers
  readonly closeness: number
  readonly theirs: number
}
type Sizes = 'batch' | 'length' | 'positions' | 'hidden' | 'heads' | 'items' | 'width'
const fixture = JSON.parse(readFileSync('test/fixtures/missrec.json', 'utf8')) as {
  readonly config: Readonly<Record<Sizes | 'temperature' | 'gamma', number>>
} & Readonly<Record<'dynamic' | 'atFirst' | 'static', Part>>
const { batch, length, positions, hidden, heads, items, width, ...given } = fixture.config
const build = (options: object) =>
  missrec.build(
    missrec.config.parse({ hiddenSize: hidden, maxLength: positions, heads, dropout: 0, ...given, ...options }),
    bareCatalog({ itemCount: items - 1, features: { image: width, text: width } }),
  )

describe('MISSRec in PyTorch', () => {
  it.each([
    ['dynamic', {}],
    ['atFirst', {}],
    ['static', { fusion: 'static', withoutId: true }],
  ] as const)('has the same loss and gradients: %s', async (part, options) => {
    expect(fixture[part].theirs).toBeGreaterThan(5 * fixture[part].closeness)
    await expectParity(build(options), { rows: batch, length, targets: 4 }, fixture[part])
  })

  it('has the same scores when it serves, and they are the sum of their parts', async () => {
    const { parameters, inputs, scores } = fixture.dynamic
    const model = build({})
    const score = model.score as ProductsScore
    const users = input('user', [4, hidden])
    const products = score.tables.map((table) => users.matmul(table, { transposeB: true }))
    const given = { ...parameters, ...inputs, user: fixture.dynamic.users }
    const feeds = Object.fromEntries(
      Object.entries(given).map(([name, { values }]) => [name, Float32Array.from(values)]),
    )
    const found = await evaluateTensor(score.combine(products), feeds)
    const parts = await evaluateTensor(addAll(Object.values(score.reasons?.(products) ?? {})), feeds)
    for (const [at, value] of scores.values.entries()) {
      expect(found[at]).toBeCloseTo(value, 4)
      expect(parts[at]).toBeCloseTo(value, 4)
    }
  })
})

describe('MISSRec on planted tastes', () => {
  // Half of the users keep to one look, the others to one kind of words; a look says nothing of words.
  const [items, kinds, users, steps] = [180, 6, 160, 5]
  const random = randomStream(1, 'tastes')
  const drawn = (): number[] => Array.from({ length: items }, () => random.integer(kinds))
  const [looks, words] = [drawn(), drawn()]
  const events: TinyEvent[] = []
  for (let user = 1; user <= users; user++) {
    const taste = random.integer(kinds)
    const mates = (user % 2 === 0 ? looks : words).flatMap((kind, at) => (kind === taste ? [at + 1] : []))
    for (let step = 0; step < steps; step++)
      events.push([user, mates[random.integer(mates.length)] as number, 'click', step])
  }
  const [image, text] = [groupVectors(looks, { seed: 3 }), groupVectors(words, { seed: 4 })]
  const tiny = { hiddenSize: 16, heads: 2, dropout: 0.1, maxLength: 4, interestRatio: 0.0333, withoutId: true }
  const trained = (pictures: number[][], texts: number[][]) =>
    trainPlanted(missrec, tiny, plantedDataset({ groups: looks, events }, { image: pictures, text: texts }), {
      epochs: 5,
      learningRate: 1e-2,
    })

  it('finds looks and words as interests, and weighs them for each user', async () => {
    await using whole = await trained(image, text)
    expect(agreement(clustersOf(whole, 'image').slice(1), looks)).toBeGreaterThan(0.6)
    expect(agreement(clustersOf(whole, 'text').slice(1), words)).toBeGreaterThan(0.6)
    expect(whole.parameters.get('fusion')?.[0]).toBeGreaterThan(0.05)
    expect(whole.ndcg).toBeGreaterThan(0.07)
  })

  it('tells little by the pictures and texts of other items', async () => {
    await using mixed = await trained(shuffled(image), shuffled(text))
    // Of ten items in an order by chance, 0.025.
    expect(mixed.ndcg).toBeLessThan(0.05)
  })
})

/** The cluster of each item's picture or text, [items + 1]. */
function clustersOf({ memory }: Trained, modality: string): number[] {
  return Array.from(memory[`cluster.${modality}`]?.data ?? [], Number)
}

/** The adjusted Rand index of two ways to group the same things: 1 where they are the same, 0 by chance. */
function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, ofA, ofB, pairs] = [0, 0, 0, 0]
  for (let one = 0; one < a.length; one++) {
    for (let other = 0; other < one; other++, pairs++) {
      const [inA, inB] = [a[one] === a[other], b[one] === b[other]]
      if (inA) ofA++
      if (inB) ofB++
      if (inA && inB) both++
    }
  }
  const chance = (ofA * ofB) / pairs
  return (both - chance) / ((ofA + ofB) / 2 - chance)
}

describe('MISSRec’s interests and reasons', () => {
  const log = plantedGroups({ items: 20, users: 10 })
  const vectors = groupVectors(log.groups)
  const lacking = vectors.map((vector, at) => (at === 6 || at === 12 ? null : vector))
  const dataset = plantedDataset(log, { image: vectors, text: lacking })
  const tiny = { hiddenSize: 8, heads: 1, maxLength: 4, interestRatio: 0.3 }

  it('are clusters and shares of an item’s score', async () => {
    await using trained = await trainPlanted(missrec, tiny, dataset, { epochs: 1 })
    const { memory, scorer, model } = trained
    const clusters = clustersOf(trained, 'text')
    // Items without a text have one vector, so one cluster. There are twelve of all pictures and texts.
    expect(clusters[7]).toBe(clusters[13])
    expect(clusters[0]).toBe(0)
    expect(Math.max(...clusters, ...clustersOf(trained, 'image'))).toBeLessThanOrEqual(12)
    const centers = memory['interest.text']?.data as Float32Array
    expect([...centers.subarray(7 * 8, 8 * 8)]).toEqual([...centers.subarray(13 * 8, 14 * 8)])

    const [reason] = (await scorer.explain?.(historyOf([1, 2]), [3])) ?? []
    expect(Object.keys(reason?.modalities ?? {}).sort()).toEqual(['id', 'image', 'text'])
    expect(Object.values(reason?.modalities ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
    const parts = Object.values(await scorer.reasons(historyOf([1, 2])))
    const scores = await scorer.score([historyOf([1, 2])])
    for (const item of [1, 7, 20])
      expect(parts.reduce((sum, part) => sum + (part[item] as number), 0)).toBeCloseTo(scores[item] as number, 4)
    expect(startOfNewItems(model, { dataset, split: lastTwo(dataset) })).toBe(
      'new items start from their pictures and texts',
    )
  })
})

describe('MISSRec’s options', () => {
  const built = (options: object, features: object = { image: 2, text: 3 }) =>
    missrec.build(missrec.config.parse({ ...small, ...options }), bareCatalog({ itemCount: 3, features }))
  const namesOf = (options: object, features?: object): string[] =>
    parametersOf(stagesOf(built(options, features)).flatMap(({ objectives }) => objectives)).map(
      ({ origin }) => origin.name,
    )

  it('take parts away', () => {
    const whole = namesOf({})
    const without = (options: object, features?: object) => {
      const left = namesOf(options, features)
      return { gone: whole.filter((name) => !left.includes(name)), come: left.filter((name) => !whole.includes(name)) }
    }
    expect(without({ fusion: 'static' })).toEqual({ gone: ['fusion'], come: [] })
    expect(without({ withoutId: true })).toEqual({ gone: ['item'], come: [] })
    expect(without({ withoutInterests: true })).toEqual({ gone: [], come: ['interest'] })
    expect(without({}, { text: 3 }).gone.sort()).toEqual(['fusion', 'image.bias', 'image.missing', 'image.weight'])
    const refills = (options: object): boolean => 'beforeEpoch' in (built(options).stages?.[0] ?? {})
    expect([refills({}), refills({ withoutInterests: true })]).toEqual([true, false])
    expect(built({ withoutInterests: true }).memory).toBeUndefined()
    expect([built({}), built({ fusion: 'static' }), built({}, { text: 3 })].map(({ score }) => score.kind)).toEqual([
      'products',
      'dot',
      'dot',
    ])
  })

  it('refuse what makes no sense, in a sentence', () => {
    const parse = (options: object) => parseOptions('missrec', missrec.config, options)
    expect(() => parse({ fusion: 'sum' })).toThrow('missrec.fusion: invalid: "sum", expected one of dynamic, static')
    expect(() => parse({ temperature: 0 })).toThrow(
      'missrec.temperature: invalid: 0, expected a number from 0.01 to 10',
    )
    expect(() => parse({ interestRatio: 2 })).toThrow(
      'missrec.interestRatio: invalid: 2, expected a number from 0.0001 to 1',
    )
    expect(() => parse({ heads: 3 })).toThrow('must divide hiddenSize')
    expect(() => built({}, {})).toThrow(
      'missrec: missing: no item with a picture or text, expected a dataset with pictures or texts',
    )
  })
})
