/** @file Logits, loss and gradients of a model of clicks against PyTorch's, of test/fixtures/clicks.json. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { clickTrainingGraph } from '../../../src/learn/click-task.ts'
import { clickInputs } from '../../../src/models/contract/click-inputs.ts'
import type { ClickDefinition } from '../../../src/models/contract/click-model.ts'
import { noNoise } from '../../../src/nn/noise.ts'
import { buildGraph } from '../../../src/onnx/graph.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../evaluate-tensor.ts'
import type { Numbers } from '../model/parity.ts'

type Arrays = Readonly<Record<string, Numbers>>
/** See tools/clicks_fixture.py for what its arrays are. */
interface Part {
  readonly parameters: Arrays
  readonly logits: Numbers
  readonly loss: number
  readonly gradients: Arrays
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
interface Fixture {
  readonly config: Readonly<Record<Size, number>>
  readonly inputs: Arrays
  readonly models: Readonly<Record<string, Part>>
}

const tolerance = 1e-5
const far = (found: ArrayLike<number>, { values }: Numbers): boolean =>
  found.length !== values.length || values.some((value, at) => !(Math.abs((found[at] as number) - value) < tolerance))

/** Expects the logits, the loss, the names of all parameters and every gradient to be those of the fixture for the model's slug. */
export async function expectClickParity<Config>(
  definition: ClickDefinition<Config>,
  optionsOf: (sizes: Fixture['config']) => Record<string, unknown>,
): Promise<void> {
  const fixture = JSON.parse(readFileSync('test/fixtures/clicks.json', 'utf8')) as Fixture
  const { config, inputs, models } = fixture
  const { parameters: weights, logits, loss: expected, gradients: slopes } = models[definition.slug] as Part
  const { rows, length, items, users, itemRows, userRows, categories, ages } = config
  const catalog = {
    itemCount: items,
    userCount: users,
    behaviors: ['click', 'favorite'],
    target: 1,
    fields: { category: categories },
    features: {},
  }
  const shape = { ...catalog, itemRows, userRows, userFields: { age: ages }, itemNumbers: 2, userNumbers: 1 }
  const model = definition.build(definition.config.parse({ ...optionsOf(config), maxLength: length }), shape)

  const { loss } = clickTrainingGraph(model, { rows, length }, noNoise)
  const graph = buildGraph({ loss })
  expect(graph.parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(slopes).sort())
  const given: Readonly<Record<string, Numbers | undefined>> = { ...weights, ...inputs }
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape: sizes, dtype }] of graph.inputs) {
    expect(given[name]?.shape, `shape of ${name}`).toEqual(sizes)
    const { values } = given[name] as Numbers
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  const { batch } = clickInputs({ rows, histories: rows, length })
  expect(far(await evaluateTensor(model.forward(batch, noNoise).logit_B, feeds), logits)).toBe(false)
  const found = await evaluateGradients(loss, graph.parameters, feeds)
  expect(Math.abs(found.loss - expected)).toBeLessThan(tolerance)
  expect(
    Object.entries(slopes).flatMap(([name, numbers]) => (far(found.gradients[name] ?? [], numbers) ? [name] : [])),
  ).toEqual([])
}
