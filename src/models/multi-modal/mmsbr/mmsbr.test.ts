import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture } from '../../../../test/conformance/model/parity.ts'
import { groupVectors, plantedDataset, shuffled, trainPlanted } from '../../../../test/fixtures/planted.ts'
import type { Dataset } from '../../../dataset/schema.ts'
import { stagesOf } from '../../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../../learn/parameters.ts'
import { parametersOf } from '../../../learn/step.ts'
import { randomStream } from '../../../random/stream.ts'
import { nextItemScorer } from '../../../rank/scorer.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { bareCatalog } from '../../../testing/bare-catalog.ts'
import type { Feeds } from '../../../testing/evaluate-tensor.ts'
import { buildOn, conformance } from '../../../testing/ranking/index.ts'
import { historyOf } from '../../../testing/ranking/scores.ts'
import { ringDataset } from '../../../testing/ring.ts'
import { type TinyEvent, tinyField, withFields } from '../../../testing/tiny-dataset.ts'
import { catalogShape } from '../../contract/catalog.ts'
import type { Offline } from '../../contract/model.ts'
import { parseOptions } from '../../contract/options.ts'
import { mmsbr } from './mmsbr.ts'
import { made, middleOf } from './offline.ts'

const small = {
  hiddenSize: 4,
  maxLength: 16,
  heads: 2,
  layers: 2,
  tokens: 2,
  pivots: 1,
  components: 4,
  dropout: 0,
  outerDropout: 0,
  priceLevels: 4,
}
/** A dataset whose items have prices, all but one, and categories. */
function priced(dataset: Dataset): Dataset {
  const items = [...dataset.catalog.ids.keys()]
  const price = Float32Array.from(items, (item) => (item === 0 || item === 5 ? Number.NaN : item % 7))
  const { catalog } = withFields(dataset, { category: tinyField(items.slice(1).map((item) => 1 + (item % 2))) })
  return { ...dataset, catalog: { ...catalog, numbers: { price } } }
}
conformance({
  definition: mmsbr,
  options: small,
  steps: 6,
  extend: priced,
  skips: {
    behaviors: 'it is blind to them',
    causal: 'it reads all places, and each target has a window of its own',
    learns: 'it sums the items of a session, so that it cannot tell which of two neighbors in a ring came last',
  },
})

/** See tools/mmsbr_fixture.py for what its arrays are. */
type Sizes = 'batch' | 'length' | 'hidden' | 'heads' | 'layers' | 'tokens' | 'pivots' | 'components' | 'levels'
const fixture = JSON.parse(readFileSync('test/fixtures/mmsbr.json', 'utf8')) as {
  readonly config: Readonly<Record<Sizes | 'categories' | 'items' | 'width' | 'nearest' | 'lambda', number>>
} & Readonly<Record<'released' | 'closeness' | 'plain', ModelFixture>>
const { batch, length, hidden, heads, layers, tokens, pivots, components, levels, categories, items, width } =
  fixture.config

/** Where the fixture's vectors lie, which PyTorch works out for itself. */
const middleIn = ({ inputs }: ModelFixture, modality: string): Feeds => {
  const numbersOf = (name: string): readonly number[] => inputs[name]?.values ?? []
  const vectors = Float32Array.from(numbersOf(`item.${modality}`))
  const present = Uint8Array.from(numbersOf(`item.${modality}.present`))
  const middle = middleOf(modality, { width, vectors, present })
  return Object.fromEntries(Object.entries(middle).map(([name, { data }]) => [name, data]))
}

describe('MMSBR in PyTorch', () => {
  it.each([
    ['released', {}, true],
    ['closeness', { price: 'closeness' }, false],
    ['plain', { withoutPivots: true, withoutPrice: true, withoutContrast: true }, true],
  ] as const)('has the same loss and gradients: %s', async (part, options, withCategories) => {
    const shapes: Record<string, readonly [readonly number[], Float32Array | BigInt64Array]> = {
      [made.level]: [[items], new BigInt64Array(items)],
      [made.both]: [[items], new Float32Array(items)],
      [made.pseudo('image')]: [[items, width], new Float32Array(items * width)],
      [made.pseudo('text')]: [[items, width], new Float32Array(items * width)],
    }
    const offline: Offline = Object.fromEntries(
      Object.entries(shapes).map(([name, [shape, data]]) => [name, { shape, data }]),
    )
    const config = mmsbr.config.parse({
      hiddenSize: hidden,
      maxLength: length,
      heads,
      layers,
      tokens,
      pivots,
      components,
      dropout: 0,
      outerDropout: 0,
      priceLevels: levels,
      contrastItems: fixture.config.nearest,
      lambdaContrast: fixture.config.lambda,
      ...options,
    })
    const catalog = {
      ...bareCatalog({ itemCount: items - 1, features: { image: width, text: width } }),
      fields: withCategories ? { category: categories } : {},
    }
    await expectParity(mmsbr.build(config, catalog, offline), { rows: batch, length, targets: 4 }, fixture[part], {
      tolerance: 1e-4,
      known: { ...middleIn(fixture[part], 'image'), ...middleIn(fixture[part], 'text') },
    })
  })
})

describe('MMSBR on planted logs', () => {
  // Pivots are free vectors of each item, by which small logs are learned by heart: pictures and prices stand alone.
  const tiny = { ...small, hiddenSize: 16, maxLength: 4, priceLevels: 5, withoutPivots: true }
  const ndcg = async (dataset: Dataset, options: object): Promise<number> => {
    await using trained = await trainPlanted(mmsbr, { ...tiny, ...options }, dataset, { epochs: 10 })
    return trained.ndcg
  }
  // Each user keeps to one of five kinds of items; which of a kind comes is chance.
  const [items, users, kinds] = [300, 100, 5]
  const random = randomStream(1, 'kinds')
  const groups = Array.from({ length: items }, (_, at) => at % kinds)
  const events = Array.from({ length: 5 * users }, (_, at): TinyEvent => {
    const user = 1 + Math.floor(at / 5)
    return [user, 1 + (user % kinds) + kinds * random.integer(items / kinds), 'click', at % 5]
  })
  const noise = shuffled(groupVectors(groups, { width: 4 }))

  it('tells by prices what pictures do not', async () => {
    const dataset = plantedDataset({ groups, events }, { image: noise })
    const price = Float32Array.of(Number.NaN, ...groups)
    const withPrices = { ...dataset, catalog: { ...dataset.catalog, numbers: { price } } }
    const whole = await ndcg(withPrices, {})
    // Of three hundred items in an order by chance, 0.015; of the sixty of a kind, 0.076.
    expect(whole).toBeGreaterThan(0.045)
    expect(whole).toBeGreaterThan(2 * (await ndcg(withPrices, { withoutPrice: true })))
  })

  it('tells by pictures what texts do not, and not by those of other items', async () => {
    const of = (image: number[][], text: number[][]) => ndcg(plantedDataset({ groups, events }, { image, text }), {})
    const pictures = groupVectors(groups, { width: 4, seed: 4 })
    const mixed = await of(shuffled(pictures), noise)
    expect(await of(pictures, noise)).toBeGreaterThan(2 * mixed)
    expect(await of(pictures, shuffled(noise))).toBeGreaterThan(2 * mixed)
  })
})

describe('MMSBR before it is trained', () => {
  const groups = Array.from({ length: 100 }, (_, at) => at % 5)
  const vectors = groupVectors(groups, { width: 8, shift: 4 })
  const dataset = plantedDataset({ groups, events: [[1, 1, 'click', 0]] }, { image: vectors, text: vectors })
  const untrained = async (seed: number) => {
    const model = await buildOn({ definition: mmsbr, options: {} }, dataset)
    const parameters = valuesOf(initialParameters(parametersOf(stagesOf(model).flatMap((one) => one.objectives)), seed))
    return { slug: 'mmsbr', model, dataset, parameters, runtime: nodeRuntime({ threads: 1 }) }
  }

  it('tells items by what they look like, at scores near chance', async () => {
    const given = await untrained(1)
    await using scorer = await nextItemScorer(given)
    const scores = [...(await scorer.score([historyOf([3, 8, 13])]))].slice(1)
    const mean = (kept: (group: number) => boolean): number => {
      const of = scores.filter((_, at) => at > 12 && kept(groups[at] as number))
      return of.reduce((sum, score) => sum + score, 0) / of.length
    }
    const [alike, others] = [mean((group) => group === 2), mean((group) => group !== 2)]
    const spread = Math.max(...scores) - Math.min(...scores)
    expect(alike - others).toBeGreaterThan(0.15 * spread)
    // 60 with a gate of 1.
    expect(spread).toBeLessThan(5)
  })

  it('has sessions of all lengths in one batch', async () => {
    const { model } = await untrained(1)
    expect(model.history).toMatchObject({ maxLength: 20, lengths: 'fixed' })
  })

  it('has no gate below 0, whatever the seed', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { parameters } = await untrained(seed)
      const [bias] = parameters.get('gate.score.bias') as Float32Array
      // Where all sigmoids are a half.
      const gate = (parameters.get('gate.score.weight') as Float32Array).reduce((sum, w) => sum + w / 2, bias as number)
      expect(gate).toBeGreaterThan(0.3)
      expect(gate).toBeLessThan(0.7)
    }
  })
})

describe('MMSBR’s options', () => {
  const features = { image: 2, text: 3 }
  const level = { shape: [4], data: new BigInt64Array(4) }
  const built = (options: object, offline: Offline = { [made.level]: level }, given: object = features) =>
    mmsbr.build(mmsbr.config.parse({ ...small, ...options }), bareCatalog({ itemCount: 3, features: given }), offline)
  const namesOf = (...given: Parameters<typeof built>): string[] => [
    ...new Set(
      parametersOf(stagesOf(built(...given)).flatMap(({ objectives }) => objectives)).map(
        ({ origin }) => origin.name.split('.')[0] as string,
      ),
    ),
  ]

  it('take parts away, and so does what the data lack', () => {
    const whole = ['gate', 'image', 'item', 'pivot', 'price', 'round0', 'text']
    expect(namesOf({}).sort()).toEqual(whole)
    const unpriced = whole.filter((name) => name !== 'price')
    expect(namesOf({ withoutPrice: true }).sort()).toEqual(unpriced)
    expect(namesOf({}, {}).sort()).toEqual(unpriced)
    expect([built({}).score.kind, built({}, {}).score.kind]).toEqual(['products', 'dot'])
    expect(namesOf({ withoutPivots: true }, {}).sort()).toEqual(['gate', 'image', 'item', 'text'])
    expect(namesOf({}, {}, { text: 3 }).sort()).toEqual(unpriced.filter((name) => name !== 'image'))
  })

  it('say what the data lack', () => {
    const lacks = (options: object, dataset: Dataset) =>
      mmsbr.lacks?.(mmsbr.config.parse(options), catalogShape(dataset))
    const ring = ringDataset()
    expect(lacks({}, ring)).toEqual(['prices'])
    expect(lacks({ withoutPrice: true }, ring)).toEqual([])
    expect(lacks({}, priced(ring))).toEqual([])
    expect(lacks({ categoryField: 'kind' }, priced(ring))).toEqual(['categories'])
    const unknown = { price: new Float32Array(ring.catalog.ids.length).fill(Number.NaN) }
    expect(lacks({}, { ...ring, catalog: { ...ring.catalog, numbers: unknown } })).toEqual(['prices'])
  })

  it('name fields of items that are there', () => {
    const shape = catalogShape(priced(ringDataset()))
    const build = (options: object) => () => mmsbr.build(mmsbr.config.parse({ ...small, ...options }), shape)
    expect(build({ priceField: 'prices' })).toThrow('mmsbr.priceField: unknown: "prices"')
    expect(build({ categoryField: 'kind' })).toThrow('mmsbr.categoryField: unknown: "kind"')
    expect(build({ withoutPrice: true, priceField: 'prices' })).not.toThrow()
  })

  it('refuse what makes no sense, in a sentence', () => {
    const parse = (options: object) => parseOptions('mmsbr', mmsbr.config, options)
    expect(() => parse({ price: 'far' })).toThrow('mmsbr.price: invalid: "far", expected one of released, closeness')
    expect(() => parse({ layers: 3 })).toThrow('mmsbr.layers: invalid: 3')
    expect(() => parse({ priceLevels: 0 })).toThrow('mmsbr.priceLevels: invalid: 0')
    expect(() => parse({ heads: 3 })).toThrow('must divide hiddenSize')
    expect(() => built({}, {}, {})).toThrow(
      'mmsbr: missing: no item with a picture or text, expected a dataset with pictures or texts',
    )
  })
})
