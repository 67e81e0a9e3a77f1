/** @file Runs models of clicks on samples, untrained or trained, and compares what comes out. */
import { expect } from 'vitest'
import type { Impressions } from '../../batches/impressions.ts'
import { Bug } from '../../errors.ts'
import type { ParameterState } from '../../learn/parameters.ts'
import type { BuiltModel, ClickReading, ClickScore } from '../../models/contract/model.ts'
import { servingPass } from '../../models/contract/serving-pass.ts'
import { buildGraph } from '../../onnx/graph.ts'
import type { Tensor } from '../../tensor/node.ts'
import { evaluateTensors, type Feeds } from '../evaluate-tensor.ts'
import { buffersOf, fillSamples, type Sample, weightInput } from './planted.ts'
import { frozenOf, type SmallShop } from './shop.ts'
import { asBuilt, clickGraph, livenedState, memoryAtStart } from './training.ts'

/** A model on a shop. */
export interface OnShop {
  readonly model: BuiltModel
  readonly shop: SmallShop
}

/** Length of the histories of the suite's batches: room for all of them. */
export const wide = 6

/** The model's score. @throws Bug where the model predicts no clicks */
export function clickScoreOf({ score }: BuiltModel): ClickScore<Impressions> {
  if (score.kind !== 'clicks') throw new Bug('the model ranks the catalog and predicts no clicks')
  return score
}

/** What a model says of samples. */
interface Answers {
  readonly logits: number[]
  readonly reasons: Readonly<Record<string, number[]>>
  /** The tensors themselves. */
  readonly output: ClickReading
}

/** Runs an untrained model, or one of given parameters, over a batch. */
export async function answersOf(
  { model, shop }: OnShop,
  samples: readonly Sample[],
  {
    histories = samples.length,
    length = wide,
    state = livenedState(model),
  }: { histories?: number; length?: number; state?: ParameterState } = {},
): Promise<Answers> {
  const shape = { rows: samples.length, length, targets: 0, histories }
  const { inputs, batch } = model.batches.declare(shape)
  const output = clickScoreOf(model).forward(batch as Impressions, servingPass)
  const buffers = buffersOf(inputs)
  fillSamples(samples, { model, shape, buffers })
  const tensors: Readonly<Record<string, Tensor>> = { logit: output.logit_B, ...output.reasons }
  const feeds = { ...(await knownFeeds({ model, shop }, tensors, state)), ...buffers }
  const { logit, ...reasons } = await evaluateTensors<string>(tensors, feeds, asBuilt)
  const lists = Object.entries(reasons).map(([name, values]) => [name, Array.from(values, Number)] as const)
  return { logits: Array.from(logit as Float32Array), reasons: Object.fromEntries(lists), output }
}

/** The whole loss of a batch, without noise, each sample with a weight of its own. */
export async function lossOf(
  { model, shop }: OnShop,
  samples: readonly Sample[],
  weights: readonly number[],
): Promise<number> {
  const shape = { rows: samples.length, length: wide, targets: samples.length }
  const { loss, inputs } = clickGraph(model, shape, servingPass)
  const buffers = buffersOf(inputs)
  fillSamples(samples, { model, shape, buffers })
  ;(buffers[weightInput] as Float32Array).set(weights)
  const feeds = await knownFeeds({ model, shop }, { loss }, livenedState(model))
  const values = await evaluateTensors({ loss }, { ...feeds, ...buffers }, asBuilt)
  return Number(values.loss[0])
}

/** What tensors read besides a batch: parameters, the catalog, the model's memory. */
async function knownFeeds(
  { model, shop }: OnShop,
  tensors: Readonly<Record<string, Tensor>>,
  state: ParameterState,
): Promise<Feeds> {
  const { buffers } = state
  const frozen = frozenOf(shop, model)
  const memory = await memoryAtStart(model, shop, state)
  const feeds: Record<string, Feeds[string]> = {}
  for (const name of buildGraph(tensors).inputs.keys()) {
    const known = buffers.get(name)?.values ?? memory[name]?.data ?? frozen.get(name)
    if (known) feeds[name] = known
  }
  return feeds
}

/** Expects numbers to be others to 1e-5. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length)
  const far = Array.from(expected, (value, row) => ({ row, value, found: actual[row] as number })).filter(
    ({ value, found }) => !(Math.abs(found - value) < 1e-5),
  )
  expect(far).toEqual([])
}

/** Expects every number to be another one than before, by more than 1e-6. */
export function expectOther(actual: ArrayLike<number>, before: ArrayLike<number>): void {
  expect(actual.length).toBe(before.length)
  const alike = Array.from(before, (value, row) => ({ row, value, found: actual[row] as number })).filter(
    ({ value, found }) => !(Math.abs(found - value) > 1e-6),
  )
  expect(alike).toEqual([])
}
