/** @file What every model of clicks must do; a model's own test runs this and adds what is special about its paper. */
import { describe, expect, it } from 'vitest'
import { clickTrainingGraph } from '../../../src/learn/click-task.ts'
import type { ParameterState } from '../../../src/learn/parameters.ts'
import { auc } from '../../../src/metrics/auc.ts'
import { clickInputs } from '../../../src/models/contract/click-inputs.ts'
import type { ClickDefinition, ClickModel, ClickOutput } from '../../../src/models/contract/click-model.ts'
import { optionsOf } from '../../../src/models/contract/options.ts'
import { noNoise } from '../../../src/nn/noise.ts'
import { evaluateTensors, type Feeds } from '../evaluate-tensor.ts'
import { type SmallShop, smallShop } from './catalog.ts'
import { checkGradients } from './gradients.ts'
import { buffersOf, fillSamples, plantedSamples, type Rule, type Sample } from './planted.ts'
import { livenedState, trainOn } from './training.ts'

/** Every check of the suite, by the name that `skip` uses. */
type Check =
  | 'defaults'
  | 'bare catalog'
  | 'finite'
  | 'shared history'
  | 'own row'
  | 'padding'
  | 'empty history'
  | 'history'
  | 'reasons'
  | 'gradients'
  | 'weights'
  | 'repeats'
  | 'learns'

/** How the suite treats a model. */
export interface ClickConformance {
  /** Options that make it small; the rest are its defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** Checks that do not hold for it, and why. */
  readonly skip?: readonly { readonly check: Check; readonly reason: string }[]
  /** The rule it must learn, by default `interest` within 300 steps of 64 samples at a learning rate of 1e-2; another rule with the reason. */
  readonly learns?: {
    readonly rule?: Rule
    readonly reason?: string
    readonly steps?: number
    readonly learningRate?: number
  }
}

/** Runs the suite. */
export function clickConformance<Config>(
  definition: ClickDefinition<Config>,
  { config, skip = [], learns = {} }: ClickConformance,
): void {
  const shop = smallShop()
  const build = (options: object = config, { shape }: SmallShop = shop): ClickModel =>
    definition.build(definition.config.parse(options), shape)
  /** For `skip`: whether a check does not hold for the model, and why. */
  const unfit = (check: Check): [boolean, string?] => {
    const found = skip.find((one) => one.check === check)
    return found ? [true, found.reason] : [false]
  }
  const samples = plantedSamples(5, 'interest', 2)

  describe(`${definition.slug} conforms`, () => {
    it('builds with its defaults, which survive JSON, and describes every option', async ({ skip }) => {
      skip(...unfit('defaults'))
      const defaults = definition.config.parse({})
      expect(definition.config.parse(JSON.parse(JSON.stringify(defaults)))).toEqual(defaults)
      expect(
        optionsOf(definition.config).filter(({ kind, description }) => description === '' || kind === 'json'),
      ).toEqual([])
      const model = build({})
      expect((await run(model, shop, samples)).logits.every(Number.isFinite)).toBe(true)
    })

    it('does without fields, numbers, pictures, titles and a second behavior', async ({ skip }) => {
      skip(...unfit('bare catalog'))
      const bare = smallShop({ bare: true })
      const clicks = samples.map((sample) => ({ ...sample, behavior: sample.history.map(() => 0) }))
      expect((await run(build(config, bare), bare, clicks)).logits.every(Number.isFinite)).toBe(true)
      await checkGradients(build(config, bare), bare, clicks)
    })

    it('gives a finite logit for each candidate, also one that nobody knows', async ({ skip }) => {
      skip(...unfit('finite'))
      const { logits, output } = await run(
        build(),
        shop,
        samples.with(0, { ...(samples[0] as Sample), user: 0, item: 13 }),
      )
      expect(output.logit_B.shape).toEqual([samples.length])
      expect(logits.every(Number.isFinite)).toBe(true)
      expect(new Set(logits).size).toBe(samples.length)
    })

    it('gives candidates of one shared history what they get with a copy of it each', async ({ skip }) => {
      skip(...unfit('shared history'))
      const [{ user, history, behavior }] = samples as [Sample]
      const candidates = samples.map((sample) => ({ ...sample, user, history, behavior }))
      const [shared, apart] = [
        await run(build(), shop, candidates, { histories: 1 }),
        await run(build(), shop, candidates),
      ]
      expectClose(shared.logits, apart.logits)
      for (const [name, values] of Object.entries(shared.reasons)) expectClose(values, apart.reasons[name] as number[])
    })

    it('reads nothing of another candidate’s row', async ({ skip }) => {
      skip(...unfit('own row'))
      const together = await run(build(), shop, samples)
      const turned = await run(build(), shop, samples.toReversed())
      expectClose(turned.logits.toReversed(), together.logits)
      expectClose((await run(build(), shop, samples.slice(0, 1))).logits, together.logits.slice(0, 1))
    })

    it('gives the same logits with more padding', async ({ skip }) => {
      skip(...unfit('padding'))
      expectClose(
        (await run(build(), shop, samples, { length: 11 })).logits,
        (await run(build(), shop, samples)).logits,
      )
    })

    it('gives finite logits for users without any event, alone and among others', async ({ skip }) => {
      skip(...unfit('empty history'))
      const empty = samples.map((sample) => ({ ...sample, history: [], behavior: [] }))
      const alone = await run(build(), shop, empty)
      expect(alone.logits.every(Number.isFinite)).toBe(true)
      expect((await run(build(), shop, empty, { histories: 1, length: 1 })).logits.every(Number.isFinite)).toBe(true)
      expectClose(
        (await run(build(), shop, samples.with(0, empty[0] as Sample))).logits.slice(0, 1),
        alone.logits.slice(0, 1),
      )
    })

    it('reads the history', async ({ skip }) => {
      skip(...unfit('history'))
      const other = samples.map((sample) => ({ ...sample, history: sample.history.map((item) => 1 + (item % 23)) }))
      const [before, after] = [await run(build(), shop, samples), await run(build(), shop, other)]
      for (const [row, logit] of after.logits.entries())
        expect(Math.abs(logit - (before.logits[row] as number))).toBeGreaterThan(1e-6)
    })

    it('tells how much each event counted, none where there is no event, and gates by name', async ({ skip }) => {
      skip(...unfit('reasons'))
      const model = build()
      const { output, reasons } = await run(model, shop, samples, { length: 8 })
      expect(Object.keys(reasons).filter((name) => name !== 'attention' && name !== 'gates')).toEqual([])
      expect(output.reasons?.['attention']?.shape ?? [samples.length, 8]).toEqual([samples.length, 8])
      expect(output.reasons?.['gates']?.shape).toEqual(model.gates && [samples.length, model.gates.length])
      const beyond = (reasons['attention'] ?? []).filter(
        (_, at) => at % 8 >= (samples[Math.floor(at / 8)] as Sample).history.length,
      )
      expect(beyond.filter((weight) => weight !== 0)).toEqual([])
    })

    it('computes the gradient of all its losses that finite differences find, for every parameter', async ({
      skip,
    }) => {
      skip(...unfit('gradients'))
      await checkGradients(build(), shop, plantedSamples(16, 'interest', 3))
    })

    it('learns nothing from rows that count nothing', async ({ skip }) => {
      skip(...unfit('weights'))
      const odd = { ...(samples[0] as Sample), item: 17, user: 5, label: 1 }
      const [loss, other] = await Promise.all(
        [samples[1] as Sample, odd].map((last) =>
          lossOf(build(), shop, [...samples, last], [0.1, 0.2, 0.2, 0.3, 0.2, 0]),
        ),
      )
      expect(loss).toBeCloseTo(other as number, 6)
    })

    it('trains to the same bytes with the same seed, and to others with another', async ({ skip }) => {
      skip(...unfit('repeats'))
      const train = plantedSamples(256, 'interest', 4)
      const settings = { steps: 3, learningRate: 1e-2 }
      const [first, again, other] = await Promise.all(
        [5, 5, 6].map((seed) => trainOn(build(), shop, train, { ...settings, seed })),
      )
      expect(bytesOf(first as ParameterState).equals(bytesOf(again as ParameterState))).toBe(true)
      expect(bytesOf(first as ParameterState).equals(bytesOf(other as ParameterState))).toBe(false)
    })

    const { rule = 'interest', reason, steps = 300, learningRate = 1e-2 } = learns
    it(`learns the rule of ${rule}${reason ? ` (${reason})` : ''}`, async ({ skip }) => {
      skip(...unfit('learns'))
      const model = build()
      const state = await trainOn(model, shop, plantedSamples(2048, rule, 5), { steps, learningRate, seed: 1 })
      const unseen = plantedSamples(256, rule, 6)
      const { logits } = await run(model, shop, unseen, { state })
      const labels = unseen.map(({ label }) => label)
      expect(auc(logits, labels)).toBeGreaterThan(0.95)
    })
  })
}

/** Length of the histories of the suite's batches: room for all of them. */
const wide = 6

/** Runs an untrained model, or one of given parameters, over a batch. */
async function run(
  model: ClickModel,
  { frozen }: SmallShop,
  samples: readonly Sample[],
  {
    histories = samples.length,
    length = wide,
    state = livenedState(model),
  }: { histories?: number; length?: number; state?: ParameterState } = {},
): Promise<{ logits: number[]; reasons: Readonly<Record<string, number[]>>; output: ClickOutput }> {
  const { batch } = clickInputs({ rows: samples.length, histories, length })
  const output = model.forward(batch, noNoise)
  const buffers = buffersOf(samples.length, histories, length)
  fillSamples(samples, length, buffers)
  const { logit, ...reasons } = await evaluateTensors<string>(
    { logit: output.logit_B, ...output.reasons },
    { ...frozen, ...buffers, ...valuesOf(state) },
  )
  const lists = Object.entries(reasons).map(([name, values]) => [name, Array.from(values, Number)] as const)
  return { logits: Array.from(logit as Float32Array), reasons: Object.fromEntries(lists), output }
}

/** The whole loss of a batch, without noise. */
async function lossOf(
  model: ClickModel,
  { frozen }: SmallShop,
  samples: readonly Sample[],
  weights: readonly number[],
): Promise<number> {
  const { loss } = clickTrainingGraph(model, { rows: samples.length, length: wide }, noNoise)
  const buffers = buffersOf(samples.length, samples.length, wide)
  fillSamples(samples, wide, buffers)
  ;(buffers['weight'] as Float32Array).set(weights)
  const values = await evaluateTensors({ loss }, { ...frozen, ...buffers, ...valuesOf(livenedState(model)) })
  return Number(values.loss[0])
}

const valuesOf = ({ buffers }: ParameterState): Feeds =>
  Object.fromEntries([...buffers].map(([name, { values }]) => [name, values]))

function bytesOf({ buffers }: ParameterState): Buffer {
  return Buffer.concat(
    [...buffers.values()].map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  )
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  for (const [at, value] of expected.entries())
    expect(Math.abs((actual[at] as number) - value), `row ${at}`).toBeLessThan(1e-5)
}
