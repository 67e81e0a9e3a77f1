import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { log, mul } from '../tensor/elementwise.ts'
import { input, parameter, scalar, type Tensor } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../testing/evaluate-tensor.ts'
import type { CatalogLossParts } from './catalog-loss.ts'
import { generalizedBce } from './generalized-bce.ts'
import { mixedSample, sampledSoftmax } from './sampled-softmax.ts'
import { scalableCrossEntropy } from './scalable-cross-entropy.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
type Leaf = 'hidden' | 'table'
/** See tools/catalog_losses_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<Record<'P' | 'D' | 'V' | 'N' | 'calibration' | 'users' | 'items', number>>
  readonly inputs: Readonly<Record<'targets' | 'weights' | 'drawn' | 'share' | 'mix', Numbers>>
  readonly parameters: Readonly<Record<Leaf, Numbers>>
  readonly losses: Readonly<
    Record<string, { readonly loss: number; readonly gradients: Readonly<Record<Leaf, Numbers>> }>
  >
}
const fixture = JSON.parse(readFileSync('test/fixtures/catalog-losses.json', 'utf8')) as Fixture
const { config, inputs, parameters, losses } = fixture

const feeds: Feeds = {
  ...Object.fromEntries(
    Object.entries({ ...inputs, ...parameters }).map(([name, { values }]) => [name, Float32Array.from(values)]),
  ),
  targets: BigInt64Array.from(inputs.targets.values, BigInt),
  drawn: BigInt64Array.from(inputs.drawn.values, BigInt),
}
const hidden = parameter('hidden', parameters.hidden.shape, () => {})
const table = parameter('table', parameters.table.shape, () => {})
const targets = input('targets', inputs.targets.shape, 'int64')
const [weights, share] = [input('weights', inputs.weights.shape), input('share', inputs.share.shape)]
const [drawn, mix] = [input('drawn', inputs.drawn.shape, 'int64'), input('mix', inputs.mix.shape)]
const parts: CatalogLossParts = { hidden, table, targets, weights }

const made: Readonly<Record<string, (parts: CatalogLossParts) => Tensor>> = {
  'sampled.uniform': (parts) =>
    sampledSoftmax(parts, { items: drawn, logExpected: scalar(Math.log(config.N / config.V)) }),
  'sampled.popularity': (parts) =>
    sampledSoftmax(parts, { items: drawn, logExpected: log(mul(share.rows(drawn), config.N)) }),
  'sampled.mixed': (parts) => sampledSoftmax(parts, mixedSample(parts, { drawn, share, itemCount: config.V })),
  gbce: (parts) => generalizedBce(parts, { drawn, calibration: config.calibration }),
  sce: (parts) => scalableCrossEntropy(parts, { mix, users: config.users, items: config.items }),
}

describe.each(Object.entries(made))('%s', (name, loss) => {
  it('equals PyTorch, loss and gradients', async () => {
    const found = await evaluateGradients(loss(parts), [hidden, table], feeds)
    const expected = losses[name] as Fixture['losses'][string]
    expect(found.loss).toBeCloseTo(expected.loss, 5)
    for (const leaf of ['hidden', 'table'] as const) {
      const { values } = expected.gradients[leaf]
      expect(found.gradients[leaf]).toEqual(values.map((value) => expect.closeTo(value, 5)))
      expect(values.some((value) => Math.abs(value) > 0.01)).toBe(true)
    }
  })

  it('has the slope of finite differences, and the same of a computed table', async () => {
    const { gradients } = await evaluateGradients(loss(parts), [hidden, table], feeds)
    const ones = input('ones', [1])
    const computed = { ...parts, table: mul(table, ones), rowsOf: (ids: Tensor) => mul(table.rows(ids), ones) }
    const again = await evaluateGradients(loss(computed), [table], { ...feeds, ones: Float32Array.of(1) })
    expect(again.gradients['table']).toEqual(gradients['table']?.map((value) => expect.closeTo(value, 5)))
    for (const leaf of ['hidden', 'table'] as const) {
      const at = gradients[leaf]?.findIndex((value) => Math.abs(value) > 0.02) ?? -1
      const nudged = async (by: number): Promise<number> => {
        const values = (feeds[leaf] as Float32Array).slice()
        values[at] = (values[at] as number) + by
        const [value] = await evaluateTensor(loss(parts), { ...feeds, [leaf]: values })
        return value as number
      }
      const slope = ((await nudged(5e-3)) - (await nudged(-5e-3))) / 1e-2
      expect(slope).toBeCloseTo(gradients[leaf]?.[at] as number, 3)
    }
  })

  it('gives the pad and rows that are not compared no gradient', async () => {
    const { gradients } = await evaluateGradients(loss(parts), [table], feeds)
    const rows = Array.from({ length: config.V + 1 }, (_, row) =>
      gradients['table']?.slice(row * config.D, (row + 1) * config.D).some((value) => value !== 0),
    )
    expect(rows[0]).toBe(false)
    expect(rows.filter(Boolean).length).toBeLessThan(config.V)
  })
})
