/** @file What every model of clicks must do; a model's own test runs this and adds what is special about its paper. */
import { afterAll, describe, expect, it } from 'vitest'
import type { ParameterState } from '../../learn/parameters.ts'
import { auc } from '../../metrics/auc.ts'
import type { BuiltModel, ModelDefinition } from '../../models/contract/model.ts'
import { optionsOf } from '../../models/contract/options.ts'
import { misdeclaredTables } from '../growing-tables.ts'
import { checkGradients } from './gradients.ts'
import { plantedSamples, type Rule, type Sample } from './planted.ts'
import { answersOf, clickScoreOf, expectClose, expectOther, lossOf, type OnShop } from './run.ts'
import { expectPastOnly, expectRequestsApart, expectStatedInputs } from './serving.ts'
import { permuted, renumbered, smallShop, turnedItem, without } from './shop.ts'
import { asBuilt, runtime, trainOn } from './training.ts'

/** Every check of the suite, by the name that `skip` uses. */
export type ClickCheck =
  | 'defaults'
  | 'bare catalog'
  | 'finite'
  | 'shared history'
  | 'own row'
  | 'padding'
  | 'empty history'
  | 'history'
  | 'removed behavior'
  | 'later events'
  | 'renumbered items'
  | 'modalities'
  | 'reasons'
  | 'requests at once'
  | 'stated inputs'
  | 'gradients'
  | 'weights'
  | 'repeats'
  | 'foreign checkpoint'
  | 'learns'

/** How the suite treats a model. */
export interface ClickConformance {
  /** Options that make it small; the rest are its defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** Checks that do not hold for it, and why. A model that is not in the registry skips `foreign checkpoint`. */
  readonly skip?: readonly { readonly check: ClickCheck; readonly reason: string }[]
  /**
   * The rule it must learn, by default `interest` within 300 steps of 64 samples at a learning rate of 1e-2; another
   * rule with the reason.
   */
  readonly learns?: {
    readonly rule?: Rule
    readonly reason?: string
    readonly steps?: number
    readonly learningRate?: number
  }
}

/** For `skip` of a model that has no input for pictures and texts. */
export const readsNoModality = { check: 'modalities', reason: 'it reads ids, fields and numbers alone' } as const

/** Runs the suite. */
export function clickConformance<Config>(
  definition: ModelDefinition<Config>,
  { config, skip = [], learns = {} }: ClickConformance,
): void {
  const shop = smallShop()
  const build = (options: object = config, { shape } = shop): BuiltModel =>
    definition.build(definition.config.parse(options), shape)
  /** The small model on a shop. */
  const on = (place = shop): OnShop => ({ model: build(config, place), shop: place })
  /** For `skip`: whether a check does not hold for the model, and why. */
  const unless = (check: ClickCheck): [boolean, string?] => {
    const unfit = skip.find((one) => one.check === check)
    return unfit ? [true, unfit.reason] : [false]
  }
  const samples = plantedSamples(5, 'interest', 2)

  describe(`${definition.slug} conforms`, () => {
    afterAll(() => Promise.all([runtime.release(), asBuilt.release()]))

    it('builds with its defaults, which survive JSON, and describes every option', async ({ skip }) => {
      skip(...unless('defaults'))
      const defaults = definition.config.parse({})
      expect(definition.config.parse(JSON.parse(JSON.stringify(defaults)))).toEqual(defaults)
      expect(
        optionsOf(definition.config).filter(({ kind, description }) => description === '' || kind === 'json'),
      ).toEqual([])
      const { logits } = await answersOf({ model: build({}), shop }, samples)
      expect(logits.every(Number.isFinite)).toBe(true)
    })

    it('says of every table that grows what its rows belong to', () => {
      expect(misdeclaredTables((shape) => build(config, { ...shop, shape }), shop.shape)).toEqual([])
    })

    it('does without fields, numbers, pictures, titles and a second behavior', async ({ skip }) => {
      skip(...unless('bare catalog'))
      const bare = on(smallShop({ bare: true }))
      const clicks = samples.map((sample) => ({ ...sample, behavior: sample.history.map(() => 0) }))
      expect((await answersOf(bare, clicks)).logits.every(Number.isFinite)).toBe(true)
      await checkGradients(bare.model, bare.shop, clicks)
    })

    it('gives a finite logit for each candidate, also one that nobody knows', async ({ skip }) => {
      skip(...unless('finite'))
      const { logits, output } = await answersOf(
        on(),
        samples.with(0, { ...(samples[0] as Sample), user: 0, item: 13 }),
      )
      expect(output.logit_B.shape).toEqual([samples.length])
      expect(logits.every(Number.isFinite)).toBe(true)
      expect(new Set(logits).size).toBe(samples.length)
    })

    it('gives candidates of one shared history what they get with a copy of it each', async ({ skip }) => {
      skip(...unless('shared history'))
      const [{ user, history, behavior }] = samples as [Sample]
      const candidates = samples.map((sample) => ({ ...sample, user, history, behavior }))
      const shared = await answersOf(on(), candidates, { histories: 1 })
      const apart = await answersOf(on(), candidates)
      expectClose(shared.logits, apart.logits)
      for (const [name, values] of Object.entries(shared.reasons)) expectClose(values, apart.reasons[name] as number[])
    })

    it('reads nothing of another candidate’s row', async ({ skip }) => {
      skip(...unless('own row'))
      const together = await answersOf(on(), samples)
      const turned = await answersOf(on(), samples.toReversed())
      expectClose(turned.logits.toReversed(), together.logits)
      expectClose((await answersOf(on(), samples.slice(0, 1))).logits, together.logits.slice(0, 1))
    })

    it('gives the same logits with more padding', async ({ skip }) => {
      skip(...unless('padding'))
      const padded = await answersOf(on(), samples, { length: 11 })
      expectClose(padded.logits, (await answersOf(on(), samples)).logits)
    })

    it('gives finite logits for users without any event, alone and among others', async ({ skip }) => {
      skip(...unless('empty history'))
      const empty = samples.map((sample) => ({ ...sample, history: [], behavior: [] }))
      const alone = await answersOf(on(), empty)
      expect(alone.logits.every(Number.isFinite)).toBe(true)
      const shared = await answersOf(on(), empty, { histories: 1, length: 1 })
      expect(shared.logits.every(Number.isFinite)).toBe(true)
      const among = await answersOf(on(), samples.with(0, empty[0] as Sample))
      expectClose(among.logits.slice(0, 1), alone.logits.slice(0, 1))
    })

    it('reads the history', async ({ skip }) => {
      skip(...unless('history'))
      const other = samples.map((sample) => ({ ...sample, history: sample.history.map((item) => 1 + (item % 23)) }))
      expectOther((await answersOf(on(), other)).logits, (await answersOf(on(), samples)).logits)
    })

    it('says something else where an auxiliary behavior is gone from the history', async ({ skip }) => {
      skip(...unless('removed behavior'))
      // Every other event is auxiliary, and of another item than the event after it.
      const both = samples.map((sample) => ({
        ...sample,
        history: sample.history.map((item, at) => (at % 2 === 0 ? 1 + (item % 23) : item)),
        behavior: sample.behavior.map((_, at) => at % 2),
      }))
      const targets = both.map((sample) => {
        const kept = sample.history.filter((_, at) => sample.behavior[at] === 1)
        return { ...sample, history: kept, behavior: kept.map(() => 1) }
      })
      expectOther((await answersOf(on(), targets)).logits, (await answersOf(on(), both)).logits)
    })

    it('reads of a sample’s user what came before the sample, and nothing later', async ({ skip }) => {
      skip(...unless('later events'))
      await expectPastOnly(on())
    })

    it('knows items by their rows alone: other numbers change nothing', async ({ skip }) => {
      skip(...unless('renumbered items'))
      const bare = smallShop({ bare: true })
      const clicks = samples.map((sample) => ({ ...sample, behavior: sample.history.map(() => 0) }))
      const turned = clicks.map((sample) => ({
        ...sample,
        item: turnedItem(sample.item),
        history: sample.history.map(turnedItem),
      }))
      const before = await answersOf(on(bare), clicks)
      expectClose((await answersOf(on(renumbered(bare)), turned)).logits, before.logits)
      expectOther((await answersOf(on(bare), turned)).logits, before.logits)
    })

    it('reads pictures and texts, each of its own item, and does without either', async ({ skip }) => {
      skip(...unless('modalities'))
      const { logits } = await answersOf(on(), samples)
      for (const modality of ['image', 'text'] as const) {
        expectOther((await answersOf(on(permuted(shop, modality)), samples)).logits, logits)
        const less = await answersOf(on(without(shop, modality)), samples)
        expect(less.logits.every(Number.isFinite)).toBe(true)
        expectOther(less.logits, logits)
      }
    })

    it('tells how much each event counted, none where there is no event, and gates by name', async ({ skip }) => {
      skip(...unless('reasons'))
      const { model } = on()
      const { gates } = clickScoreOf(model)
      const { output, reasons } = await answersOf({ model, shop }, samples, { length: 8 })
      expect(Object.keys(reasons).filter((name) => name !== 'attention' && name !== 'gates')).toEqual([])
      expect(output.reasons?.['attention']?.shape ?? [samples.length, 8]).toEqual([samples.length, 8])
      expect(output.reasons?.['gates']?.shape).toEqual(gates && [samples.length, gates.length])
      const beyond = (reasons['attention'] ?? []).filter(
        (_, at) => at % 8 >= (samples[Math.floor(at / 8)] as Sample).history.length,
      )
      expect(beyond.filter((weight) => weight !== 0)).toEqual([])
    })

    it('gives each of 60 requests at once what it gets alone', async ({ skip }) => {
      skip(...unless('requests at once'))
      await expectRequestsApart(on())
    })

    it('takes a request and the catalog when it serves, and nothing else', async ({ skip }) => {
      skip(...unless('stated inputs'))
      expectStatedInputs(on())
    })

    it('computes the gradient of all its losses that finite differences find', async ({ skip }) => {
      skip(...unless('gradients'))
      await checkGradients(build(), shop, plantedSamples(16, 'interest', 3))
    })

    it('learns nothing from rows that count nothing', async ({ skip }) => {
      skip(...unless('weights'))
      const odd = { ...(samples[0] as Sample), item: 17, user: 5, label: 1 }
      const [loss, other] = await Promise.all(
        [samples[1] as Sample, odd].map((last) => lossOf(on(), [...samples, last], [0.1, 0.2, 0.2, 0.3, 0.2, 0])),
      )
      expect(loss).toBeCloseTo(other as number, 6)
    })

    it('trains to the same bytes with the same seed, and to others with another', async ({ skip }) => {
      skip(...unless('repeats'))
      const train = plantedSamples(256, 'interest', 4)
      const settings = { steps: 3, learningRate: 1e-2 }
      const [first, again, other] = await Promise.all(
        [5, 5, 6].map(async (seed) => bytesOf(await trainOn(build(), shop, train, { ...settings, seed }))),
      )
      expect(first?.equals(again as Buffer)).toBe(true)
      expect(first?.equals(other as Buffer)).toBe(false)
    })

    it('opens no run whose parameters are those of another model', async ({ skip }) => {
      skip(...unless('foreign checkpoint'))
      // Opening runs loads every model of the registry, which nothing else here needs.
      const { expectForeignRefused } = await import('./foreign-checkpoint.ts')
      await expectForeignRefused(definition.slug, config)
    })

    const { rule = 'interest', reason, steps = 300, learningRate = 1e-2 } = learns
    it(`learns the rule of ${rule}${reason ? ` (${reason})` : ''}`, async ({ skip }) => {
      skip(...unless('learns'))
      const model = build()
      const state = await trainOn(model, shop, plantedSamples(2048, rule, 5), { steps, learningRate, seed: 1 })
      const unseen = plantedSamples(256, rule, 6)
      const { logits } = await answersOf({ model, shop }, unseen, { state })
      const labels = unseen.map(({ label }) => label)
      expect(auc(logits, labels)).toBeGreaterThan(0.95)
    })
  })
}

function bytesOf({ buffers }: ParameterState): Buffer {
  return Buffer.concat(
    [...buffers.values()].map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  )
}
