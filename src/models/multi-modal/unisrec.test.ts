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
import { trainingNoise } from '../../nn/noise.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { historyOf } from '../../testing/ranking/scores.ts'
import { trainRing } from '../../testing/ranking/training.ts'
import { ringDataset } from '../../testing/ring.ts'
import type { DotScore, ModelDefinition, Pass } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { sasrec } from '../sequential/sasrec.ts'
import { unisrec } from './unisrec.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0, experts: 3 }
const skips = { behaviors: 'it is blind to them' }
conformance({ definition: unisrec, options: small, epochs: 20, skips })
it('goes on to the same bytes after it was stopped while it was pre-trained, and after', async () => {
  const options = { ...small, withId: false, image: true, pretrainEpochs: 1, tableNoise: false }
  const [candidate, dataset] = [{ definition: unisrec, options }, ringDataset({ steps: 5 })]
  const whole = await trainRing(candidate, dataset, { seed: 7, epochs: 2 })
  // Pre-training has three steps.
  const stopped = await trainRing(candidate, dataset, { seed: 7, epochs: 2, stops: [2, 3] })
  expect(stopped.checkpoint.equals(whole.checkpoint)).toBe(true)
})

/** See tools/unisrec_fixture.py for what its arrays are. */
interface Part extends ModelFixture {
  readonly users: Numbers
}
type Sizes = 'batch' | 'length' | 'hidden' | 'heads' | 'layers' | 'items' | 'width' | 'experts'
const fixture = JSON.parse(readFileSync('test/fixtures/unisrec.json', 'utf8')) as {
  readonly config: Readonly<Record<Sizes | 'adaptorDropout' | 'temperature' | 'lambda', number>>
  readonly training: Part & { readonly table: Numbers }
  readonly text: Part
  readonly pretrain: Part & { readonly theirs: number }
}
const { batch, length, hidden, heads, layers, items, width, ...given } = fixture.config
const catalog = bareCatalog({ itemCount: items - 1, features: { text: width } })
const options = { hiddenSize: hidden, maxLength: length, heads, layers, dropout: 0, ...given }
const build = (more: object) => unisrec.build(unisrec.config.parse({ ...options, ...more }), catalog)

describe('UniSRec in PyTorch', () => {
  it('has the same loss and gradients, with the same noise for histories and others for candidates', async () => {
    const pass: Pass = { ...servingPass, training: true, noise: trainingNoise() }
    await expectParity(build({}), { rows: batch, length, targets: 11 }, fixture.training, { pass })
  })

  it('has the same loss and gradients by texts alone, without noise', async () => {
    await expectParity(build({ withId: false }), { rows: batch, length, targets: 11 }, fixture.text)
  })

  it('has the same contrasts, in which a duplicate is nobody’s negative', async () => {
    const model = build({ pretrainEpochs: 1 })
    await expectParity(model, { rows: 4, length, targets: 5 }, fixture.pretrain)
    expect(fixture.pretrain.theirs).toBeGreaterThan(fixture.pretrain.loss + 1e-3)
  })

  it('has the same users and the same rows of items when it serves', async () => {
    const { training } = fixture
    const model = build({})
    const score = model.score as DotScore
    const shape = { rows: batch, length, targets: batch * length }
    const { user } = readUser(score, model.batches.declare(shape).batch, servingPass)
    const feeds = {
      ...Object.fromEntries(
        Object.entries({ ...training.parameters, ...training.inputs }).map(([name, { values }]) => [
          name,
          Float32Array.from(values),
        ]),
      ),
      'batch.history': BigInt64Array.from(training.inputs['history']?.values ?? [], BigInt),
      'batch.sources': BigInt64Array.from({ length: batch * length }, (_, at) => BigInt(at)),
    }
    const far = (found: readonly number[], { values }: Numbers): number[] =>
      values.filter((value, at) => !(Math.abs((found[at] as number) - value) < 1e-4))
    expect(far(await evaluateTensor(user, feeds), training.users)).toEqual([])
    expect(far(await evaluateTensor(score.table, feeds), training.table)).toEqual([])
  })
})

const tiny = { hiddenSize: 16, layers: 1, heads: 1, dropout: 0.2, maxLength: 4 }
const ofTexts = { ...tiny, experts: 2, withId: false }

describe('UniSRec on planted texts', () => {
  it('ranks what ids hardly know, and what nobody touched, by texts; not by the texts of others', async () => {
    const [items, known] = [400, 360]
    const log = plantedGroups({ items, known, steps: 5 })
    const texts = groupVectors(log.groups)
    const untouched = Array.from({ length: items - known }, (_, at) => known + 1 + at)
    /** The mean share of items that rank before an untouched one of the group that comes next. */
    const before = async ({ scorer }: Trained): Promise<number> => {
      const histories = untouched.map((item) => historyOf([3, 4].map((step) => 1 + ((item - 1 + step) % 5))))
      const scores = await scorer.score(histories)
      const shares = untouched.map((item, row) => {
        const own = scores.subarray(row * (items + 1) + 1, (row + 1) * (items + 1))
        return own.filter((score) => score > (own[item - 1] as number)).length / items
      })
      return shares.reduce((sum, share) => sum + share, 0) / shares.length
    }
    const found = async (definition: ModelDefinition, options: Record<string, unknown>, text: number[][]) => {
      await using trained = await trainPlanted(definition, options, plantedDataset(log, { text }))
      return { ndcg: trained.ndcg, before: await before(trained) }
    }
    const whole = await found(unisrec, ofTexts, texts)
    const mixed = await found(unisrec, ofTexts, shuffled(texts))
    const ids = await found(sasrec, tiny, texts)
    expect(whole.ndcg).toBeGreaterThan(2 * mixed.ndcg)
    expect(whole.ndcg).toBeGreaterThan(2 * ids.ndcg)
    expect(whole.before).toBeLessThan(0.2)
    expect(mixed.before).toBeGreaterThan(0.35)
    expect(ids.before).toBeGreaterThan(0.35)
  })
})

describe('UniSRec’s reasons', () => {
  const dataset = plantedDataset(plantedGroups({ items: 20, users: 10 }), {
    text: groupVectors(plantedGroups({ items: 20 }).groups),
  })

  it('are the shares of text and id in an item’s score', async () => {
    await using trained = await trainPlanted(unisrec, { ...tiny, experts: 2 }, dataset, {
      epochs: 1,
    })
    const [reason] = (await trained.scorer.explain?.(historyOf([1, 2]), [3])) ?? []
    expect(Object.keys(reason?.modalities ?? {}).sort()).toEqual(['id', 'text'])
    expect(Object.values(reason?.modalities ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
    const { 'score.text': text, 'score.id': id } = await trained.scorer.reasons(historyOf([1, 2]))
    const scores = await trained.scorer.score([historyOf([1, 2])])
    for (const item of [1, 7, 20])
      expect((text?.[item] as number) + (id?.[item] as number)).toBeCloseTo(scores[item] as number, 4)
  })

  it('are not told where there are texts alone', async () => {
    await using trained = await trainPlanted(unisrec, ofTexts, dataset, { epochs: 1 })
    expect('explain' in trained.scorer).toBe(false)
  })
})

describe('UniSRec’s options', () => {
  const parse = (options: object) => parseOptions('unisrec', unisrec.config, options)
  it('refuse what makes no sense, in a sentence', () => {
    expect(() => parse({ temperature: 0 })).toThrow(
      'unisrec.temperature: invalid: 0, expected a number from 0.01 to 10',
    )
    expect(() => parse({ experts: 0 })).toThrow('unisrec.experts: invalid: 0, expected a whole number from 1 to 64')
    expect(() => parse({ heads: 3 })).toThrow('must divide hiddenSize')
  })

  it('refuse a catalog without texts, unless pictures are read', () => {
    const pictures = bareCatalog({ itemCount: 3, features: { image: 2 } })
    expect(() => unisrec.build(unisrec.config.parse({}), pictures)).toThrow(
      'unisrec: missing: no item with a text, expected a dataset with texts',
    )
    expect(() => unisrec.build(unisrec.config.parse({ image: true }), pictures)).not.toThrow()
    expect(() => unisrec.build(unisrec.config.parse({ image: true }), bareCatalog({ itemCount: 3 }))).toThrow(
      'no item with a picture or text, expected a dataset with pictures or texts',
    )
  })
})
