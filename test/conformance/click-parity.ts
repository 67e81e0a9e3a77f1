/** @file Logits, loss and gradients of a model of clicks against PyTorch's. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Impressions } from '../../src/batches/impressions.ts'
import type { ModelDefinition } from '../../src/models/contract/model.ts'
import { servingPass } from '../../src/models/contract/serving-pass.ts'
import { buildGraph } from '../../src/onnx/graph.ts'
import type { Tensor } from '../../src/tensor/node.ts'
import { clickScoreOf } from '../../src/testing/clicks/run.ts'
import { clickGraph } from '../../src/testing/clicks/training.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../../src/testing/evaluate-tensor.ts'
import type { Numbers } from './model/parity.ts'

type Arrays = Readonly<Record<string, Numbers>>
/** See tools/clicks_fixture.py and tools/click_blocks.py for what its arrays are. */
interface Part {
  /** Of the model, besides the sizes. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly parameters: Arrays
  readonly logits: Numbers
  readonly loss: number
  readonly gradients: Arrays
  /** What explains the logits. */
  readonly reasons?: Arrays
}
type Size =
  | 'rows'
  | 'length'
  | 'embedding'
  | 'hidden'
  | 'items'
  | 'users'
  | 'itemRows'
  | 'userRows'
  | 'categories'
  | 'ages'
/** Widths that the catalogs of some fixtures and models do not have. */
type OtherSize = 'modality' | 'image' | 'text'
interface Fixture {
  readonly config: Readonly<Record<Size, number> & Partial<Record<OtherSize, number>>>
  readonly inputs: Arrays
  readonly models: Readonly<Record<string, Part>>
}

/** A fixture's inputs by the names that a batch has for them. */
export const asBatch = <Value>(inputs: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`batch.${name}`, value]))

const tolerance = 1e-5
const far = (found: ArrayLike<number>, { values }: Numbers): boolean =>
  found.length !== values.length || values.some((value, at) => !(Math.abs((found[at] as number) - value) < tolerance))

/**
 * Expects the logits, the loss, the names of all parameters and every gradient to be those of a fixture.
 * @param file the fixture's; by default that of several models without content
 * @param variant whose numbers are compared; by default the model's slug
 */
export async function expectClickParity<Config>(
  definition: ModelDefinition<Config>,
  optionsOf: (sizes: Fixture['config']) => Record<string, unknown>,
  { file = 'clicks', variant = definition.slug }: { readonly file?: string; readonly variant?: string } = {},
): Promise<void> {
  const fixture = JSON.parse(readFileSync(`test/fixtures/${file}.json`, 'utf8')) as Fixture
  const { config, inputs, models } = fixture
  const {
    options = {},
    parameters: weights,
    logits,
    loss: expected,
    gradients: slopes,
    reasons = {},
  } = models[variant] as Part
  const { rows, length, items, users, itemRows, userRows, categories, ages, image, text } = config
  const numbersOf = (name: string): number => inputs[name]?.shape[1] ?? 0
  const catalog = {
    itemCount: items,
    userCount: users,
    behaviors: ['click', 'favorite'],
    target: 1,
    time: 'milliseconds',
    fields: { category: categories },
    features: { ...(image !== undefined && { image }), ...(text !== undefined && { text }) },
  } as const
  const shape = {
    ...catalog,
    itemRows,
    userRows,
    userFields: { age: ages },
    numbers: Array.from({ length: numbersOf('item.numbers') }, (_, at) => `number ${at}`),
    itemNumbers: numbersOf('item.numbers'),
    userNumbers: numbersOf('user.numbers'),
  }
  const model = definition.build(
    definition.config.parse({ ...optionsOf(config), ...options, maxLength: length }),
    shape,
  )

  const { loss } = clickGraph(model, { rows, length }, servingPass)
  const graph = buildGraph({ loss })
  expect(graph.parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(slopes).sort())
  const given: Readonly<Record<string, Numbers | undefined>> = {
    ...weights,
    ...inputs,
    ...asBatch(inputs),
  }
  const { batch } = model.batches.declare({ rows, length, targets: 0 })
  const { logit_B, reasons: made = {} } = clickScoreOf(model).forward(batch as Impressions, servingPass)
  const served = buildGraph({ logit_B, ...made })
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape: sizes, dtype }] of [...graph.inputs, ...served.inputs]) {
    expect(given[name]?.shape, `shape of ${name}`).toEqual(sizes)
    const { values } = given[name] as Numbers
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  expect(far(await evaluateTensor(logit_B, feeds), logits)).toBe(false)
  for (const [name, numbers] of Object.entries(reasons)) {
    expect(made[name]?.shape).toEqual(numbers.shape)
    expect([name, far(await evaluateTensor(made[name] as Tensor, feeds), numbers)]).toEqual([name, false])
  }
  const found = await evaluateGradients(loss, graph.parameters, feeds)
  expect(Math.abs(found.loss - expected)).toBeLessThan(tolerance)
  expect(
    Object.entries(slopes).flatMap(([name, numbers]) => (far(found.gradients[name] ?? [], numbers) ? [name] : [])),
  ).toEqual([])
}
