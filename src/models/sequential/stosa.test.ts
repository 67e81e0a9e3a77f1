import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { blindToAll, conformance } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { trainSmall } from '../../testing/train-small.ts'
import { catalogShape } from '../contract/catalog.ts'
import type { DotScore, Losses, Pass, Stage } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { stosa } from './stosa.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0 }
conformance({
  definition: stosa,
  options: small,
  skips: {
    ...blindToAll,
    learns: 'its negatives are items that a user never touched, so that none of the last ones is told from the next',
  },
})

/** See tools/stosa_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'positions' | 'hidden' | 'heads' | 'layers' | 'items' | 'lambda', number>
  >
  readonly mean: Numbers
  readonly covariance: Numbers
  readonly distances: Numbers
}
const fixtures = JSON.parse(readFileSync('test/fixtures/stosa.json', 'utf8')) as Record<
  'passed' | 'released' | 'dot',
  Fixture
>

describe.each([
  ['passed', {}],
  ['released', { meanPath: 'released' }],
  ['dot', { attention: 'dot' }],
] as const)('STOSA, %s', (part, options) => {
  const fixture = fixtures[part]
  const { batch, length, positions, hidden, heads, layers, items, lambda } = fixture.config
  const sizes = { hiddenSize: hidden, maxLength: positions, heads, layers, dropout: 0, lambdaPvn: lambda }
  const model = stosa.build(stosa.config.parse({ ...sizes, ...options }), bareCatalog({ itemCount: items - 1 }))
  const targets = fixture.inputs['targets']?.values.length ?? 0

  it('has PyTorch’s loss and gradients', async () => {
    await expectParity(model, { rows: batch, length, targets }, fixture, { tolerance: 1e-4 })
  })

  it('has PyTorch’s users, and its products are minus the distances', async () => {
    const { batch: read } = model.batches.declare({ rows: batch, length, targets })
    const score = model.score as DotScore
    const { user } = readUser(score, read, servingPass)
    const numbers = { ...fixture.parameters, ...fixture.inputs }
    const feeds = Object.fromEntries(
      Object.entries(numbers).map(([name, { values }]) =>
        name in fixture.inputs && name !== 'weights'
          ? [`batch.${name}`, BigInt64Array.from(values, BigInt)]
          : [name, Float32Array.from(values)],
      ),
    )
    const scores = user.matmul(score.table, { transposeB: true })
    const found = await evaluateTensors({ user, scores }, feeds)
    const wanted = fixture.mean.values.flatMap((_, at) => {
      if (at % hidden > 0) return []
      const [mean, covariance] = [fixture.mean, fixture.covariance].map(({ values }) => values.slice(at, at + hidden))
      return [[...(mean as number[]).map((x) => 2 * x), ...(covariance as number[]).map((x) => 2 * Math.sqrt(x)), 1]]
    })
    const own = (row: readonly number[]): number =>
      row.reduce((sum, value, at) => sum + (at < 2 * hidden ? value * value : 0), 0) / 4
    const far = (values: ArrayLike<number | bigint>, expected: readonly number[]): readonly number[] =>
      expected.filter((value, at) => !(Math.abs(Number(values[at]) - value) < 1e-4))
    expect(far(found.user, wanted.flat())).toEqual([])
    const products = fixture.distances.values.map(
      (distance, at) => own(wanted[Math.floor(at / items)] ?? []) - distance,
    )
    expect(products).toHaveLength((targets - 1) * items)
    expect(far(found.scores, products)).toEqual([])
  })
})

const elu1 = (x: number): number => (x > 0 ? x + 1 : Math.exp(x))
/** Means, and variances made positive, of items by index. */
function gaussiansOf(tables: Readonly<Record<string, Float32Array>>, width: number) {
  const row = (name: string, item: number): number[] => [
    ...(tables[name] as Float32Array).subarray(item * width, (item + 1) * width),
  ]
  return (item: number) => ({ mean: row('item.mean', item), variance: row('item.covariance', item).map(elu1) })
}
type Gaussian = ReturnType<ReturnType<typeof gaussiansOf>>
const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const distance = (a: Gaussian, b: Gaussian): number =>
  a.mean.reduce((sum, value, at) => {
    const roots = Math.sqrt(a.variance[at] as number) - Math.sqrt(b.variance[at] as number)
    return sum + (value - (b.mean[at] as number)) ** 2 + roots ** 2
  }, 0)

describe('STOSA on chains a -> b -> c', () => {
  const [chains, users, width] = [12, 200, 8]
  const [a, b, c] = [0, 1, 2].map((place) => (chain: number) => 1 + 3 * chain + place) as ((chain: number) => number)[]
  type ItemOf = (chain: number) => number

  /** Nobody sees a and c. @param after what follows b */
  function planted(after: ItemOf) {
    const random = randomStream(1, 'chains')
    const events: TinyEvent[] = []
    for (let user = 1; user <= users; user++) {
      for (const time of [0, 2]) {
        const chain = random.integer(chains)
        const [first, second] = random.uniform() < 0.5 ? [a, b] : [b, after]
        events.push(
          [user, (first as ItemOf)(chain), 'click', time],
          [user, (second as ItemOf)(chain), 'click', time + 1],
        )
      }
    }
    return tinyDataset({ events, items: 3 * chains, behaviors: ['click'], candidates: 'all' })
  }

  /** The share of chains whose a and c are nearer than the median of a and the third items of other chains. */
  async function near(after: ItemOf): Promise<number> {
    const options = { hiddenSize: width, layers: 1, heads: 1, dropout: 0.2, maxLength: 8 }
    const { last } = await trainSmall({ definition: stosa, options }, planted(after), {
      epochs: 40,
      learningRate: 2e-2,
    })
    const of = gaussiansOf(last, width)
    const nearer = Array.from({ length: chains }, (_, chain) => {
      const from = of((a as ItemOf)(chain))
      const others = Array.from({ length: chains }, (_, other) => distance(from, of((c as ItemOf)(other))))
        .filter((_, other) => other !== chain)
        .sort((x, y) => x - y)
      return distance(from, of((c as ItemOf)(chain))) < (others[Math.floor(others.length / 2)] as number) ? 1 : 0
    })
    return average(nearer)
  }

  it('brings a and c together, which nobody saw together', async () => {
    const found = await near(c as ItemOf)
    expect(found).toBeGreaterThan(0.8)
  })

  it('does not where b leads to another chain', async () => {
    const found = await near((chain) => (c as ItemOf)((chain + 1) % chains))
    expect(found).toBeLessThan(0.6)
  })
})

describe('STOSA’s variances', () => {
  it('are larger where the next item is fixed, not where it is chance, as a paper’s reader would think', async () => {
    const [each, groups, users, steps, width] = [10, 4, 120, 10, 8]
    const random = randomStream(1, 'groups')
    const events: TinyEvent[] = []
    for (let user = 1; user <= users; user++) {
      let at = random.integer(each)
      for (let step = 0; step < steps; step++) {
        events.push([user, 1 + groups * at + (user % groups), 'click', step])
        at = user % groups < 2 ? (at + 1) % each : random.integer(each)
      }
    }
    const dataset = tinyDataset({ events, behaviors: ['click'], candidates: 'all' })
    const options = { hiddenSize: width, layers: 1, heads: 1, dropout: 0.2, maxLength: 8, loss: 'softmax' }
    const { last } = await trainSmall({ definition: stosa, options }, dataset, { epochs: 25, learningRate: 3e-2 })
    const of = gaussiansOf(last, width)
    const items = Array.from({ length: groups * each }, (_, at) => at + 1)
    const varianceOf = (fixed: boolean): number =>
      average(items.filter((item) => (item - 1) % groups < 2 === fixed).flatMap((item) => of(item).variance))
    expect(varianceOf(true)).toBeGreaterThan(1.1 * varianceOf(false))
  })
})

describe('STOSA’s options', () => {
  const dataset = tinyDataset({ events: [1, 2, 3, 4].map((item): TinyEvent => [1, item, 'click', item]) })
  const history = {
    user: 1,
    item: Int32Array.of(1, 2),
    behavior: Uint8Array.of(0, 0),
    time: Float64Array.of(1, 2),
  }
  const build = (options: object) => stosa.build(stosa.config.parse({ ...small, ...options }), catalogShape(dataset))
  const scorerOf = (options: object) => {
    const model = build(options)
    const objectives = stagesOf(model).flatMap((stage) => stage.objectives)
    const parameters = valuesOf(initialParameters(parametersOf(objectives), 3))
    return nextItemScorer({ slug: 'stosa', model, dataset, parameters, runtime: nodeRuntime({ threads: 1 }) })
  }

  it('tell how unsure the model is of the user and of each item', async () => {
    await using scorer = await scorerOf({})
    const told = (await scorer.explain?.(history, [2, 4])) ?? []
    const { user, uncertainty } = (await scorer.reasons(history)) as { user?: never; uncertainty: Float32Array }
    expect(user).toBeUndefined()
    const { table, width } = await (scorer.itemTable as NonNullable<typeof scorer.itemTable>)()
    const deviations = table.subarray(4 * width + 16, 4 * width + 32)
    expect(told.map(({ item }) => item)).toEqual([2, 4])
    expect(told[1]?.uncertainty?.item).toBeCloseTo(average([...deviations].map((x) => x * x)), 5)
    expect(told[0]?.uncertainty?.user).toBe(uncertainty[0])
  })

  it('take away variances, and with them what is told of them', async () => {
    await using scorer = await scorerOf({ withoutUncertainty: true })
    expect('explain' in scorer).toBe(false)
    expect((await scorer.itemTable?.())?.width).toBe(16 + 1)
    const names = parametersOf(stagesOf(build({ withoutUncertainty: true })).flatMap(({ objectives }) => objectives))
    expect(names.filter(({ origin }) => origin.name.includes('covariance'))).toEqual([])
  })

  it('take away the hinge, or the drawn negative', () => {
    const lossesOf = (options: object): string[] => {
      const [stage] = stagesOf(build(options)) as [Stage]
      const [{ losses }] = stage.objectives as unknown as [{ losses: (batch: never, pass: Pass) => Losses }]
      const { batch } = build(options).batches.declare({ rows: 1, length: 4, targets: 1, targetsPerRow: 1 })
      return Object.keys(losses(batch as never, { ...servingPass, training: true }))
    }
    expect(lossesOf({})).toEqual(['ranking', 'pvn'])
    expect(lossesOf({ withoutPvn: true })).toEqual(['ranking'])
    expect(lossesOf({ loss: 'softmax' })).toEqual(['main', 'pvn'])
  })

  it('refuse in a sentence what they cannot be', () => {
    const parse = (options: object) => () => parseOptions('stosa', stosa.config, options)
    expect(parse({ heads: 3 })).toThrow(
      'stosa.heads: invalid: 3, expected a whole number from 1 to 64 that must divide',
    )
    expect(parse({ loss: 'hinge' })).toThrow('stosa.loss')
    expect(parse({ attention: 'cosine' })).toThrow('stosa.attention')
  })
})
