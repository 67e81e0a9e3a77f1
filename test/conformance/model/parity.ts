/** @file A next-item model's loss and gradients against PyTorch's. */
import { expect } from 'vitest'
import type { BatchShape } from '../../../src/batches/kind.ts'
import { stagesOf, totalLoss } from '../../../src/learn/objectives.ts'
import type { BuiltModel, Objective, Pass } from '../../../src/models/contract/model.ts'
import { servingPass } from '../../../src/models/contract/serving-pass.ts'
import { buildGraph } from '../../../src/onnx/graph.ts'
import { sizeOf, type Tensor } from '../../../src/tensor/node.ts'
import { evaluateGradients, type Feeds } from '../../../src/testing/evaluate-tensor.ts'

/** An array as tools/fixture.py writes it. */
export interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/**
 * One batch: inputs by the names of the training graph, parameters and gradients by the model's own. Inverses follow
 * from what they invert.
 */
export interface ModelFixture {
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}

/** The symbolic loss of a model's first objective, and the inputs of its batch. */
export function lossOf(
  model: BuiltModel,
  shape: BatchShape,
  pass: Pass = { ...servingPass, training: true },
): {
  readonly loss: Tensor
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly trains: (parameter: string) => boolean
} {
  const objective = stagesOf(model)[0]?.objectives[0] as Objective
  const { inputs, batch } = objective.batches.declare(shape)
  const trains = (parameter: string): boolean => objective.trains?.(parameter) ?? true
  return { loss: totalLoss(objective.losses(batch, pass)).loss, inputs, trains }
}

/**
 * Expects the loss, the names of all trained parameters and every gradient to be the fixture's.
 * @param prefix before the names of the fixture's inputs, where a model's batch has them by other names
 * @param known what graphs read that is neither in the batch nor in the fixture, and what the gradients alone read
 */
export async function expectParity(
  model: BuiltModel,
  shape: BatchShape,
  fixture: ModelFixture,
  {
    tolerance = 1e-5,
    prefix = '',
    pass,
    known = {},
  }: { tolerance?: number; prefix?: string; pass?: Pass; known?: Feeds } = {},
): Promise<void> {
  const { loss, inputs: declared, trains } = lossOf(model, shape, pass)
  const { parameters: read, inputs } = buildGraph({ loss })
  const parameters = read.filter(({ origin }) => trains(origin.name))
  expect(parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(fixture.gradients).sort())
  const given = new Map<string, Numbers>(Object.entries(fixture.parameters))
  for (const [name, numbers] of Object.entries(fixture.inputs))
    given.set(name, numbers).set(`batch.${prefix}${name}`, numbers)
  const feeds: Record<string, Feeds[string]> = { ...known }
  // What the gradients alone read, such as an inverse, may be given too.
  const fed = [...inputs, ...Object.entries(declared).filter(([name]) => !inputs.has(name) && given.has(name))]
  for (const [name, { shape: sizes, dtype }] of fed) {
    if (name in known) continue
    const numbers = given.get(name)
    expect(numbers?.shape, `shape of ${name}`).toEqual(sizes)
    const { values } = numbers as Numbers
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  for (const [name, inverted] of [
    [`batch.${prefix}sourcesInverse`, `batch.${prefix}sources`],
    ['batch.placesInverse', 'batch.places'],
    ['batch.lastTargetsInverse', 'batch.lastTargets'],
    ['batch.lastTargets.eventsInverse', 'batch.lastTargets.events'],
  ] as const) {
    const list = given.get(inverted)
    const sizes = declared[name]?.shape
    if (list && sizes) feeds[name] = inverseOf(list.values, sizeOf(sizes))
  }
  const actual = await evaluateGradients(loss, parameters, feeds)
  expect(Math.abs(actual.loss - fixture.loss)).toBeLessThan(tolerance)
  const far = Object.entries(fixture.gradients).filter(([name, { values }]) => {
    const found = actual.gradients[name] as number[]
    return (
      found.length !== values.length ||
      values.some((value, at) => !(Math.abs((found[at] as number) - value) < tolerance))
    )
  })
  expect(far.map(([name]) => name)).toEqual([])
}

/** The target of each position, their number where there is none. */
function inverseOf(list: readonly number[], size: number): BigInt64Array {
  return BigInt64Array.from({ length: size }, (_, row) => BigInt(list.includes(row) ? list.indexOf(row) : list.length))
}
