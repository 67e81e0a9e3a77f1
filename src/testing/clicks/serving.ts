/**
 * @file What every model of clicks must do when it serves: keep requests and times apart, and ask for nothing that
 * nobody stated.
 */
import { expect } from 'vitest'
import type { Impressions, RatedHistory } from '../../batches/impressions.ts'
import { type ClickSamples, clickSamples, clickSplitConfig } from '../../dataset/click-samples.ts'
import { valuesOf } from '../../learn/parameters.ts'
import { servingPass } from '../../models/contract/serving-pass.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { type ClickPredictor, clickPredictor } from '../../rank/click-predictor.ts'
import { sizeOf } from '../../tensor/node.ts'
import { labelInput, plantedSamples, weightInput } from './planted.ts'
import { clickScoreOf, expectOther, type OnShop, wide } from './run.ts'
import { frozenOf, items, type SmallShop } from './shop.ts'
import { livenedState, memoryAtStart, runtime } from './training.ts'

/** The samples that are drawn from a shop's events. */
function drawnFrom({ dataset, vocabulary }: SmallShop): ClickSamples {
  const drawn = { source: 'drawn', label: dataset.manifest.target, protocol: 'time' }
  return { ...clickSamples(dataset, clickSplitConfig.parse(drawn)), vocabulary }
}

async function predictorOf({ model, shop }: OnShop, samples: ClickSamples): Promise<ClickPredictor> {
  const state = livenedState(model)
  return clickPredictor({
    slug: 'model',
    model,
    dataset: shop.dataset,
    samples,
    parameters: valuesOf(state),
    memory: await memoryAtStart(model, shop, state),
    runtime,
  })
}

/** Expects 60 requests of several users at once to get what each gets alone. */
export async function expectRequestsApart(on: OnShop): Promise<void> {
  const samples = drawnFrom(on.shop)
  await using predictor = await predictorOf(on, samples)
  const histories: readonly RatedHistory[] = plantedSamples(12, 'interest', 9).map((sample, user) => ({
    user,
    item: sample.history,
    behavior: sample.behavior,
  }))
  const candidatesOf = (user: number): number[] =>
    Array.from({ length: 3 + user }, (_, at) => 1 + ((at + user) % items))
  const ask = async (user: number): Promise<readonly number[]> => {
    const { probability } = await predictor.candidates(histories[user] as RatedHistory, candidatesOf(user))
    return Array.from(probability)
  }
  const numbers = samples.test.subarray(0, 7)
  const alone: (readonly number[])[] = []
  for (const user of histories.keys()) alone.push(await ask(user))
  const rated = Array.from(await predictor.samples(numbers))
  expect(new Set(alone.map(String)).size).toBe(histories.length)

  const requests = Array.from({ length: 60 }, (_, at) => (5 * at) % histories.length)
  const together = await Promise.all([
    ...requests.map(ask),
    ...[0, 1, 2].map(async () => Array.from(await predictor.samples(numbers))),
  ])
  expect(together).toEqual([...requests.map((user) => alone[user]), rated, rated, rated])
}

/** Expects samples to read what came before them, and nothing of what came at their time or later. */
export async function expectPastOnly(on: OnShop): Promise<void> {
  const samples = drawnFrom(on.shop)
  const { columns, user, time, end } = samples
  const startOf = (owner: number): number => columns.start[owner] as number
  for (const sample of samples.test) {
    const events = columns.time.subarray(startOf(user[sample] as number), end[sample])
    expect(events.length).toBeGreaterThan(0)
    expect(events.every((one) => one < (time[sample] as number))).toBe(true)
  }
  // One sample a user, so that all can be asked at once.
  const numbers = samples.test.filter((sample, at, all) => all.findIndex((one) => user[one] === user[sample]) === at)
  /** The samples' probabilities where some events of their users are others. */
  const probabilities = async (changed: (row: number, end: number) => boolean): Promise<readonly number[]> => {
    const [item, behavior] = [columns.item.slice(), columns.behavior.slice()]
    for (const sample of numbers) {
      const owner = user[sample] as number
      for (let row = startOf(owner); row < startOf(owner + 1); row++) {
        if (!changed(row, end[sample] as number)) continue
        item[row] = 1 + ((item[row] as number) % items)
        behavior[row] = 1 - (behavior[row] as number)
      }
    }
    await using predictor = await predictorOf(on, { ...samples, columns: { ...columns, item, behavior } })
    return Array.from(await predictor.samples(numbers))
  }
  const before = await probabilities(() => false)
  expect(await probabilities((row, end) => row >= end)).toEqual(before)
  expectOther(await probabilities((row, end) => row < end), before)
}

/** Expects a graph of baked parameters to take a request and the catalog, and nothing else. */
export function expectStatedInputs({ model, shop }: OnShop): void {
  const { inputs, batch } = model.batches.declare({ rows: 4, length: wide, targets: 0, histories: 1 })
  const { logit_B, reasons } = clickScoreOf(model).forward(batch as Impressions, servingPass)
  const graph = buildGraph({ probability: logit_B.sigmoid(), ...reasons }, { bake: valuesOf(livenedState(model)) })
  expect(graph.parameters).toEqual([])
  const { [labelInput]: _, [weightInput]: __, ...request } = inputs
  const frozen = frozenOf(shop, model)
  const stated = (name: string): boolean =>
    name in request || frozen.get(name) !== undefined || name in (model.memory ?? {})
  expect([...graph.inputs.keys()].filter((name) => !stated(name))).toEqual([])
  // What has as many rows as the catalog is no request: it is bound once.
  for (const [name, { shape }] of graph.inputs) {
    const known = frozen.get(name)
    if (known) expect([name, known.length]).toEqual([name, sizeOf(shape)])
  }
}
